"""CreateCollection."""

from __future__ import annotations

from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, free


async def answer(call: Call) -> dict[str, Any]:
    arn = call.collections.create(call.request["CollectionId"])
    return {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": MODEL_VERSION}


OPERATIONS = (Operation("CreateCollection", "create-collection", answer, free, images=()),)
