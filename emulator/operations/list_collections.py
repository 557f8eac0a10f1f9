"""ListCollections: by name, in pages."""

from __future__ import annotations

from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, free
from emulator.operations.paging import after, token

PAGE = 1000


async def answer(call: Call) -> dict[str, Any]:
    size = call.request.get("MaxResults") or PAGE
    names = call.collections.names(after(call.request.get("NextToken")), size + 1)
    document: dict[str, Any] = {
        "CollectionIds": names[:size],
        "FaceModelVersions": [MODEL_VERSION] * len(names[:size]),
    }
    if len(names) > size:
        document["NextToken"] = token(names[size - 1])
    return document


OPERATIONS = (Operation("ListCollections", "list-collections", answer, free, images=()),)
