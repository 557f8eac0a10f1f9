"""DetectProtectiveEquipment: the persons; what they wear stays undetermined."""

from __future__ import annotations

from typing import Any

from emulator.faces.faces import bounding_box, percent
from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.base import Call, ImageRules, Operation, group_2
from emulator.operations.vocabulary import PERSON

MAX_PERSONS = 15
_RULES = ImageRules(max_bytes=4 * 1024 * 1024, min_side=64, max_side=4096)


async def answer(call: Call) -> dict[str, Any]:
    things = (await call.look("things"))["things"]
    people = sorted((thing for thing in things if thing["kind"] == PERSON), key=lambda thing: -thing["score"])
    persons = [
        {
            "BodyParts": [],
            "BoundingBox": bounding_box(person["box"]),
            "Confidence": percent(person["score"]),
            "Id": number,
        }
        for number, person in enumerate(people[:MAX_PERSONS])
    ]
    document: dict[str, Any] = {"ProtectiveEquipmentModelVersion": MODEL_VERSION, "Persons": persons}
    wanted = call.request.get("SummarizationAttributes")
    if wanted:
        sure = [person["Id"] for person in persons if person["Confidence"] >= wanted["MinConfidence"]]
        document["Summary"] = {
            "PersonsWithRequiredEquipment": [],
            "PersonsWithoutRequiredEquipment": [],
            "PersonsIndeterminate": sure,
        }
    return document


OPERATIONS = (
    Operation(
        "DetectProtectiveEquipment",
        "protective-equipment",
        answer,
        group_2,
        rules=_RULES,
        cannot="persons only: no body parts, no equipment; every person is summarised as indeterminate",
    ),
)
