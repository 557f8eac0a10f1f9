"""DeleteCollection, with every face in it."""

from __future__ import annotations

from typing import Any

from emulator.operations.base import Call, Operation, free


async def answer(call: Call) -> dict[str, Any]:
    call.collections.delete(call.request["CollectionId"])
    return {"StatusCode": 200}


OPERATIONS = (Operation("DeleteCollection", "delete-collection", answer, free, images=()),)
