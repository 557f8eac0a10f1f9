"""DeleteCollection, with every face in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.operations.base import Operation, free

if TYPE_CHECKING:
    from emulator.operations.call import Call


async def answer(call: Call) -> dict[str, Any]:
    call.collections.delete(call.request["CollectionId"])
    return {"StatusCode": 200}


OPERATIONS = (Operation("DeleteCollection", "delete-collection", answer, free, images=()),)
