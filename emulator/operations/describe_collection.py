"""DescribeCollection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.operations.base import MODEL_VERSION, Operation, free

if TYPE_CHECKING:
    from emulator.operations.call import Call


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
