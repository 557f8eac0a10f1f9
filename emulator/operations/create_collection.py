"""CreateCollection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.operations.base import MODEL_VERSION, Operation, free

if TYPE_CHECKING:
    from emulator.operations.call import Call


async def answer(call: Call) -> dict[str, Any]:
    arn = call.collections.create(call.request["CollectionId"])
    return {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": MODEL_VERSION}


OPERATIONS = (Operation("CreateCollection", "create-collection", answer, free, images=()),)
