"""IndexFaces: the faces of a picture into a collection, the same picture under the same name only once."""

from __future__ import annotations

import uuid
from typing import Any

from emulator.faces.faces import detail, largest, needs_person
from emulator.faces.quality import faults
from emulator.faces.stored import record
from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, group_1


async def answer(call: Call) -> dict[str, Any]:
    request, collections = call.request, call.collections
    name, external_id = request["CollectionId"], request.get("ExternalImageId")
    collections.created(name)
    wanted = set(request.get("DetectionAttributes") or ["DEFAULT"])
    extra = ("persons",) if needs_person(wanted) else ()
    seen = await call.look("faces", "vectors", *extra)
    collections.created(name)  # it may have been deleted while the models looked

    persons = seen.get("persons")
    details = [detail(face, persons[n] if persons else None, wanted) for n, face in enumerate(seen["faces"])]
    kept, refused = _sort_out(call, largest(seen), seen["faces"])
    content, image_id = seen["content"], str(uuid.uuid4())
    earlier = {tuple(face.box): face for face in collections.same(name, content, external_id)}
    records = []
    for place in kept:
        face = seen["faces"][place]
        stored = earlier.get(tuple(face["box"]))
        if stored is None:
            face_id = collections.add(name, content, external_id, image_id, face, seen["vectors"][place])
            stored = collections.face(name, face_id)
        if stored is not None:
            records.append({"Face": record(stored), "FaceDetail": details[place]})
    return {
        "FaceRecords": records,
        "FaceModelVersion": MODEL_VERSION,
        "UnindexedFaces": [{"Reasons": reasons, "FaceDetail": details[place]} for place, reasons in refused],
    }


def _sort_out(call: Call, places: list[int], faces: list[Any]) -> tuple[list[int], list[tuple[int, list[str]]]]:
    """Faces to store, and the others with AWS's reasons."""
    quality, most = call.request.get("QualityFilter", "AUTO"), call.request.get("MaxFaces")
    kept: list[int] = []
    refused: list[tuple[int, list[str]]] = []
    for place in places:
        reasons = faults(faces[place], quality)
        if not reasons and most is not None and len(kept) >= most:
            reasons = ["EXCEEDS_MAX_FACES"]
        if reasons:
            refused.append((place, reasons))
        else:
            kept.append(place)
    return kept, refused


OPERATIONS = (Operation("IndexFaces", "index-faces", answer, group_1),)
