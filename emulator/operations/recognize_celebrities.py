"""RecognizeCelebrities: people of the user's own gallery; no open model knows the famous."""

from __future__ import annotations

from typing import Any

from emulator.faces.faces import compared, emotions, largest, percent, similarity, smile
from emulator.operations.base import Call, Operation, group_2

MAX_FACES = 64
LEAST_MATCH = 80.0


async def answer(call: Call) -> dict[str, Any]:
    seen = await call.look("faces", "persons", "vectors")
    known, unknown = [], []
    for place in largest(seen, MAX_FACES):
        person = seen["persons"][place]
        face = compared(seen["faces"][place]) | {"Emotions": emotions(person), "Smile": smile(person)}
        entry, apart = call.gallery.nearest(seen["vectors"][place])
        match = similarity(apart)
        if entry is None or match < LEAST_MATCH:
            unknown.append(face)
        else:
            about = {"Urls": [], "Name": entry.name, "Id": entry.id, "Face": face}
            known.append(about | {"MatchConfidence": percent(match / 100), "KnownGender": {"Type": "Unlisted"}})
    return {"CelebrityFaces": known, "UnrecognizedFaces": unknown}


OPERATIONS = (
    Operation(
        "RecognizeCelebrities",
        "celebrities",
        answer,
        group_2,
        cannot="nobody is recognised but the people of --gallery DIR",
    ),
)
