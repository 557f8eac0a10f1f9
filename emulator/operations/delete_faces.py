"""DeleteFaces; what is not there is said to be so."""

from __future__ import annotations

from typing import Any

from emulator.operations.base import Call, Operation, free


async def answer(call: Call) -> dict[str, Any]:
    name = call.request["CollectionId"]
    call.collections.created(name)
    deleted: list[str] = []
    missing: list[str] = []
    for face_id in dict.fromkeys(call.request["FaceIds"]):
        (deleted if call.collections.remove(name, face_id) else missing).append(face_id)
    return {
        "DeletedFaces": deleted,
        "UnsuccessfulFaceDeletions": [{"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]} for face_id in missing],
    }


OPERATIONS = (Operation("DeleteFaces", "delete-faces", answer, free, images=()),)
