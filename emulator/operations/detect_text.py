"""DetectText: lines and their words, filtered as asked, 100 words at most."""

from __future__ import annotations

from typing import Any

from emulator.faces.faces import bounding_box, percent
from emulator.models.catalogue import MODEL_VERSION
from emulator.models.features import Line, Point, Seen, Word
from emulator.operations.base import Call, Operation, group_2

MAX_WORDS = 100


async def answer(call: Call) -> dict[str, Any]:
    seen = await call.look("text")
    return {
        "TextDetections": detections_of(seen, call.request.get("Filters") or {}),
        "TextModelVersion": MODEL_VERSION,
    }


def detections_of(seen: Seen, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines, then the words of each."""
    lines = _kept(seen["text"], filters)
    detections: list[dict[str, Any]] = []
    for number, (line, _) in enumerate(lines):
        detections.append({"DetectedText": line["text"], "Type": "LINE", "Id": number, **_place(line)})
    for parent, (_, words) in enumerate(lines):
        for word in words:
            number = len(detections)
            head = {"DetectedText": word["text"], "Type": "WORD", "Id": number, "ParentId": parent}
            detections.append(head | _place(word))
    return detections


def _kept(lines: list[Line], filters: dict[str, Any]) -> list[tuple[Line, list[Word]]]:
    """Lines that keep a word, with the words kept."""
    left = MAX_WORDS
    kept = []
    for line in lines:
        words = [word for word in line["words"] if _passes(word, filters)][:left]
        left -= len(words)
        if words:
            kept.append((line, words))
    return kept


def _passes(word: Word, filters: dict[str, Any]) -> bool:
    least = filters.get("WordFilter") or {}
    _, _, width, height = _bounds(word["polygon"])
    if percent(word["score"]) < least.get("MinConfidence", 0):
        return False
    if height < least.get("MinBoundingBoxHeight", 0) or width < least.get("MinBoundingBoxWidth", 0):
        return False
    regions = filters.get("RegionsOfInterest") or []
    return not regions or any(_inside(_middle(word["polygon"]), region) for region in regions)


def _inside(point: Point, region: dict[str, Any]) -> bool:
    x, y = point
    box = region.get("BoundingBox")
    if box:
        left, top = box.get("Left", 0.0), box.get("Top", 0.0)
        return bool(left <= x <= left + box.get("Width", 0.0) and top <= y <= top + box.get("Height", 0.0))
    corners = [(corner.get("X", 0.0), corner.get("Y", 0.0)) for corner in region.get("Polygon") or []]
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


def _place(found: Line | Word) -> dict[str, Any]:
    polygon = found["polygon"]
    geometry = {
        "BoundingBox": bounding_box(_bounds(polygon)),
        "Polygon": [{"X": x, "Y": y} for x, y in polygon],
    }
    return {"Confidence": percent(found["score"]), "Geometry": geometry}


def _bounds(polygon: list[Point]) -> list[float]:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return [min(xs), min(ys), round(max(xs) - min(xs), 6), round(max(ys) - min(ys), 6)]


def _middle(polygon: list[Point]) -> Point:
    return [sum(x for x, _ in polygon) / len(polygon), sum(y for _, y in polygon) / len(polygon)]


OPERATIONS = (
    Operation("DetectText", "text", answer, group_2, cannot="handwriting and strongly rotated text are often missed"),
)
