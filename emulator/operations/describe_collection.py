"""DescribeCollection."""

from __future__ import annotations

from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, free


async def answer(call: Call) -> dict[str, Any]:
    name = call.request["CollectionId"]
    created = call.collections.created(name)
    return {
        "FaceCount": call.collections.count(name),
        "FaceModelVersion": MODEL_VERSION,
        "CollectionARN": call.collections.arn(name),
        "CreationTimestamp": round(created, 3),
        "UserCount": 0,
    }


OPERATIONS = (Operation("DescribeCollection", "describe-collection", answer, free, images=()),)
