"""SearchFacesByImage: who in the collection looks like the largest face of a picture."""

from __future__ import annotations

from typing import Any

from emulator.errors import no_faces
from emulator.faces.faces import DEFAULT_MATCH, bounding_box, largest, percent
from emulator.faces.quality import passes
from emulator.faces.stored import matches
from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, Operation, group_1
from emulator.operations.search_faces import DEFAULT_FACES


async def answer(call: Call) -> dict[str, Any]:
    request, collections = call.request, call.collections
    name = request["CollectionId"]
    collections.created(name)
    seen = await call.look("faces", "vectors")
    quality = request.get("QualityFilter", "NONE")
    places = [place for place in largest(seen) if passes(seen["faces"][place], quality)]
    if not places:
        raise no_faces()
    collections.created(name)
    face = seen["faces"][places[0]]
    found = collections.nearest(name, seen["vectors"][places[0]], request.get("MaxFaces", DEFAULT_FACES))
    return {
        "SearchedFaceBoundingBox": bounding_box(face["box"]),
        "SearchedFaceConfidence": percent(face["score"]),
        "FaceMatches": matches(found, request.get("FaceMatchThreshold", DEFAULT_MATCH)),
        "FaceModelVersion": MODEL_VERSION,
    }


OPERATIONS = (Operation("SearchFacesByImage", "search-faces", answer, group_1),)
