"""DetectModerationLabels: one score for nudity is all there is; every other class stays silent."""

from __future__ import annotations

from typing import Any

from emulator.errors import not_found
from emulator.faces.faces import percent
from emulator.models.catalogue import MODEL_VERSION
from emulator.models.features import Seen
from emulator.operations.base import Call, ImageRules, Operation, group_2

DEFAULT_CONFIDENCE = 50.0
# Rekognition's taxonomy, version 7, as deep as one score can say.
_LEVELS = (("Explicit", ""), ("Explicit Nudity", "Explicit"))


async def answer(call: Call) -> dict[str, Any]:
    version = call.request.get("ProjectVersion")
    if version:
        raise not_found(f"{version} does not exist: the emulator has no adapters.")
    least = call.request.get("MinConfidence", DEFAULT_CONFIDENCE)
    return {
        "ModerationLabels": labels_of(await call.look("nudity"), least),
        "ModerationModelVersion": MODEL_VERSION,
        "ContentTypes": [],
    }


def labels_of(seen: Seen, least: float) -> list[dict[str, Any]]:
    confidence = percent(seen["nudity"])
    levels = _LEVELS if confidence >= least else ()
    return [
        {"Confidence": confidence, "Name": name, "ParentName": parent, "TaxonomyLevel": level}
        for level, (name, parent) in enumerate(levels, 1)
    ]


def _meters(request: dict[str, Any]) -> dict[str, int]:
    return {"custom-moderation": 1} if request.get("ProjectVersion") else group_2(request)


OPERATIONS = (
    Operation(
        "DetectModerationLabels",
        "moderation",
        answer,
        _meters,
        rules=ImageRules(max_side=10_000),
        cannot="only Explicit > Explicit Nudity is known; violence, weapons, drugs, hate and the rest never appear",
    ),
)
