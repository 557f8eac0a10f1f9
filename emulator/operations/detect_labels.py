"""DetectLabels: things with boxes, the kind of picture, and its colours, in Rekognition's vocabulary."""

from __future__ import annotations

from typing import Any

from emulator.errors import invalid_parameter
from emulator.faces.faces import bounding_box, percent
from emulator.models.catalogue import MODEL_VERSION
from emulator.models.colors import dominant
from emulator.models.features import Properties, Scene, Seen, Thing
from emulator.operations.base import Call, ImageRules, Operation, group_2
from emulator.operations.vocabulary import Label, vocabulary

DEFAULT_CONFIDENCE = 55.0
MAX_LABELS = 1000
DEFAULT_COLORS = 10


async def answer(call: Call) -> dict[str, Any]:
    request = call.request
    wanted = set(request.get("Features") or ["GENERAL_LABELS"])
    settings = request.get("Settings") or {}
    general, properties = "GENERAL_LABELS" in wanted, "IMAGE_PROPERTIES" in wanted
    if (settings.get("GeneralLabels") and not general) or (settings.get("ImageProperties") and not properties):
        raise invalid_parameter()
    features = (("things", "scene") if general else ()) + (("properties",) if properties else ())
    seen = await call.look(*features)

    document: dict[str, Any] = {"Labels": [], "LabelModelVersion": MODEL_VERSION}
    if general:
        least = request.get("MinConfidence", DEFAULT_CONFIDENCE)
        labels = labels_of(seen, least, settings.get("GeneralLabels") or {})
        document["Labels"] = labels[: request.get("MaxLabels", MAX_LABELS)]
    if properties:
        most = (settings.get("ImageProperties") or {}).get("MaxDominantColors", DEFAULT_COLORS)
        document["ImageProperties"] = _properties(seen["properties"], most)
    return document


def labels_of(seen: Seen, least: float, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """Surest first; `filters` are those of GeneralLabels."""
    scores, boxes = _scores(seen["things"], seen["scene"])
    return _labels(scores, boxes, least, filters)


def _scores(things: list[Thing], scene: list[Scene]) -> tuple[dict[str, float], dict[str, list[Thing]]]:
    """Every label the picture has, parents included: a parent is as sure as its surest child."""
    words = vocabulary()
    scores: dict[str, float] = {}
    boxes: dict[str, list[Thing]] = {}
    for thing in things:
        name = words.things[thing["kind"]]
        boxes.setdefault(name, []).append(thing)
        _raise(scores, words.labels[name], thing["score"])
    for kind in scene:
        _raise(scores, words.labels[words.scenes[kind["kind"]]], kind["score"])
    return scores, boxes


def _raise(scores: dict[str, float], label: Label, score: float) -> None:
    for name in (label.name, *label.parents):
        scores[name] = max(score, scores.get(name, 0.0))


def _labels(
    scores: dict[str, float], boxes: dict[str, list[Thing]], least: float, filters: dict[str, Any]
) -> list[dict[str, Any]]:
    labels = []
    for name, score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        label, confidence = vocabulary().labels[name], percent(score)
        if confidence < least or not _wanted(label, filters):
            continue
        labels.append(
            {
                "Name": name,
                "Confidence": confidence,
                "Instances": [_instance(thing) for thing in boxes.get(name, ()) if percent(thing["score"]) >= least],
                "Parents": [{"Name": parent} for parent in label.parents],
                "Aliases": [{"Name": alias} for alias in label.aliases],
                "Categories": [{"Name": label.category}],
            }
        )
    return labels


def _wanted(label: Label, filters: dict[str, Any]) -> bool:
    """Included by name or by category (all, when no inclusion is given) and excluded by neither."""
    names, categories = filters.get("LabelInclusionFilters"), filters.get("LabelCategoryInclusionFilters")
    if (names or categories) and label.name not in (names or ()) and label.category not in (categories or ()):
        return False
    if label.name in (filters.get("LabelExclusionFilters") or ()):
        return False
    return label.category not in (filters.get("LabelCategoryExclusionFilters") or ())


def _instance(thing: Thing) -> dict[str, Any]:
    return {"BoundingBox": bounding_box(thing["box"]), "Confidence": percent(thing["score"]), "DominantColors": []}


def _properties(properties: Properties, most: int) -> dict[str, Any]:
    return {
        "Quality": {
            "Brightness": properties["brightness"],
            "Sharpness": properties["sharpness"],
            "Contrast": properties["contrast"],
        },
        "DominantColors": dominant(properties["colors"], most),
    }


def _meters(request: dict[str, Any]) -> dict[str, int]:
    wanted = set(request.get("Features") or ["GENERAL_LABELS"])
    general = group_2(request) if "GENERAL_LABELS" in wanted else {}
    return general | ({"image-properties": 1} if "IMAGE_PROPERTIES" in wanted else {})


OPERATIONS = (
    Operation(
        "DetectLabels",
        "labels",
        answer,
        _meters,
        rules=ImageRules(max_side=10_000),
        cannot="80 kinds of things and 1000 kinds of pictures only; no foreground and background, no colours of things",
    ),
)
