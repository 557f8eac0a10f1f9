"""CompareFaces: the largest face of the source against every face of the target."""

from __future__ import annotations

from typing import Any

from emulator.errors import invalid_parameter
from emulator.faces.faces import DEFAULT_MATCH, bounding_box, compared, distance, largest, percent, similarity
from emulator.faces.quality import passes
from emulator.operations.base import Call, Operation, group_1


async def answer(call: Call) -> dict[str, Any]:
    threshold = call.request.get("SimilarityThreshold", DEFAULT_MATCH)
    quality = call.request.get("QualityFilter", "NONE")
    source = await call.look("faces", "vectors", member="SourceImage")
    target = await call.look("faces", "vectors", member="TargetImage")
    sources = [place for place in largest(source) if passes(source["faces"][place], quality)]
    if not sources or not target["faces"]:
        raise invalid_parameter()  # AWS does not say which of the two has no face
    face, vector = source["faces"][sources[0]], source["vectors"][sources[0]]
    matched, unmatched = [], []
    for place in largest(target):
        other = target["faces"][place]
        if not passes(other, quality):
            continue
        alike = similarity(distance(vector, target["vectors"][place]))
        if alike >= threshold:
            matched.append({"Similarity": alike, "Face": compared(other)})
        else:
            unmatched.append(compared(other))
    return {
        "SourceImageFace": {"BoundingBox": bounding_box(face["box"]), "Confidence": percent(face["score"])},
        "FaceMatches": sorted(matched, key=lambda match: -match["Similarity"]),
        "UnmatchedFaces": unmatched,
    }


OPERATIONS = (Operation("CompareFaces", "compare-faces", answer, group_1, images=("SourceImage", "TargetImage")),)
