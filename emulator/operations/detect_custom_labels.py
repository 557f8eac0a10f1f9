"""DetectCustomLabels by a toy: a label is found where the object's key or what the models see has its name."""

from __future__ import annotations

from typing import Any

from emulator.models.features import Seen
from emulator.operations import detect_labels
from emulator.operations.base import Call, ImageRules, Operation, free

DEFAULT_CONFIDENCE = 50.0  # the threshold of each label, which training finds at AWS
BY_KEY = 99.0


async def answer(call: Call) -> dict[str, Any]:
    request = call.request
    version = call.versions.running(request["ProjectVersionArn"])
    seen = await call.look("things", "scene")
    key = (request["Image"].get("S3Object") or {}).get("Name", "")
    found = [label for name in version.labels for label in _found(name, key, seen)]
    least, most = request.get("MinConfidence", DEFAULT_CONFIDENCE), request.get("MaxResults")
    return {"CustomLabels": _surest([label for label in found if label["Confidence"] >= least])[:most]}


def _found(name: str, key: str, seen: Seen) -> list[dict[str, Any]]:
    """One a box where the models see it, else one of the picture."""
    if name.lower() in key.lower():
        return [{"Name": name, "Confidence": BY_KEY}]
    labels = [label for label in detect_labels.labels_of(seen, 0.0, {}) if label["Name"].lower() == name.lower()]
    boxed = [
        {"Name": name, "Confidence": one["Confidence"], "Geometry": {"BoundingBox": one["BoundingBox"]}}
        for label in labels
        for one in label["Instances"]
    ]
    return boxed or [{"Name": name, "Confidence": label["Confidence"]} for label in labels]


def _surest(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(labels, key=lambda label: -label["Confidence"])


OPERATIONS = (
    Operation(
        "DetectCustomLabels",
        "custom-labels",
        answer,
        free,
        rules=ImageRules(max_bytes=4_194_304),
        cannot="no model is trained: labels are found by name, in the object's key or what the open models see",
        version="ProjectVersionArn",
    ),
)
