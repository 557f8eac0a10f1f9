"""ListFaces: in the order of indexing, in pages, or the ones named."""

from __future__ import annotations

from typing import Any

from emulator.errors import AwsError
from emulator.faces.stored import record
from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, free
from emulator.operations.paging import after, token

PAGE = 1000


async def answer(call: Call) -> dict[str, Any]:
    request, collections = call.request, call.collections
    name = request["CollectionId"]
    collections.created(name)
    if request.get("UserId"):
        return {"Faces": [], "FaceModelVersion": MODEL_VERSION}  # no users here, so none with faces
    last = after(request.get("NextToken")) or "0"
    if not last.isdigit() or len(last) > 18:
        raise AwsError("InvalidPaginationTokenException", "The pagination token is not valid.")
    size = request.get("MaxResults") or PAGE
    if request.get("FaceIds"):
        named = (collections.face(name, face_id) for face_id in dict.fromkeys(request["FaceIds"]))
        faces = sorted((face for face in named if face is not None), key=lambda face: face.number)
        faces = [face for face in faces if face.number > int(last)][: size + 1]
    else:
        faces = collections.page(name, int(last), size + 1)
    document: dict[str, Any] = {
        "Faces": [record(face) for face in faces[:size]],
        "FaceModelVersion": MODEL_VERSION,
    }
    if len(faces) > size:
        document["NextToken"] = token(str(faces[size - 1].number))
    return document


OPERATIONS = (Operation("ListFaces", "list-faces", answer, free, images=()),)
