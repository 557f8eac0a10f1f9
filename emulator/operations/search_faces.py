"""SearchFaces: who in the collection looks like a face of the collection."""

from __future__ import annotations

from typing import Any

from emulator.errors import invalid_parameter
from emulator.faces.faces import DEFAULT_MATCH
from emulator.faces.stored import matches
from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, group_1

DEFAULT_FACES = 80


async def answer(call: Call) -> dict[str, Any]:
    request, collections = call.request, call.collections
    name = request["CollectionId"]
    collections.created(name)
    face = collections.face(name, request["FaceId"])
    if face is None:
        raise invalid_parameter("faceId was not found in the collection.")
    most = request.get("MaxFaces", DEFAULT_FACES)
    found = collections.nearest(name, collections.vector(face), most + 1)
    others = [(other, apart) for other, apart in found if other.number != face.number][:most]
    return {
        "SearchedFaceId": face.face_id,
        "FaceMatches": matches(others, request.get("FaceMatchThreshold", DEFAULT_MATCH)),
        "FaceModelVersion": MODEL_VERSION,
    }


OPERATIONS = (Operation("SearchFaces", "search-faces-by-id", answer, group_1, images=()),)
