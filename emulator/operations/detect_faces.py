"""DetectFaces: the 100 largest faces, with the attributes asked for."""

from __future__ import annotations

from typing import Any

from emulator.faces.faces import detail, largest, needs_person
from emulator.operations.base import Call, Operation, group_2


async def answer(call: Call) -> dict[str, Any]:
    wanted = set(call.request.get("Attributes") or ["DEFAULT"])
    extra = ("persons",) if needs_person(wanted) else ()
    seen = await call.look("faces", *extra)
    persons = seen.get("persons")
    return {
        "FaceDetails": [
            detail(seen["faces"][place], persons[place] if persons else None, wanted) for place in largest(seen)
        ]
    }


OPERATIONS = (
    Operation(
        "DetectFaces",
        "faces",
        answer,
        group_2,
        cannot="beard, mustache, eyeglasses, sunglasses, occlusion and eye direction are left out of the answer",
    ),
)
