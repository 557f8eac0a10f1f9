"""How good the answers are, on the sample photos with `truth.json` beside this file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

TRUTH: dict[str, Any] = json.loads(Path(__file__).with_name("truth.json").read_text("utf-8"))
OVERLAP = 0.5  # intersection over union from which a box counts as found

Read = Callable[[str], bytes]


@dataclass
class Faces:
    found: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)


def faces(client: Any, read: Read) -> Faces:
    result = Faces()
    for name, expected in TRUTH["faces"].items():
        details = client.detect_faces(Image={"Bytes": read(name)})["FaceDetails"]
        boxes = [_corners(*(detail["BoundingBox"][side] for side in SIDES)) for detail in details]
        left = list(boxes)
        for truth in (_corners(*box) for box in expected):
            match = max(left, key=lambda box: _overlap(box, truth), default=None)
            if match is not None and _overlap(match, truth) >= OVERLAP:
                left.remove(match)
                result.found += 1
            else:
                result.missed.append(name)
        result.false += [name] * len(left)
    return result


def pairs(client: Any, read: Read) -> list[tuple[bool, float, str, str]]:
    """Same person or not, and how similar, for every pair of photos with one known face."""
    people = TRUTH["people"]
    measured = []
    for first, second in combinations(people, 2):
        images = {"SourceImage": {"Bytes": read(first)}, "TargetImage": {"Bytes": read(second)}}
        answer = client.compare_faces(**images, SimilarityThreshold=0)
        similarity = answer["FaceMatches"][0]["Similarity"]
        measured.append((people[first] == people[second], similarity, first, second))
    return measured


def lines(client: Any, read: Read) -> tuple[int, int, list[str]]:
    """Lines read exactly, lines there are, and what was read instead."""
    exact, there, wrong = 0, 0, []
    for name, expected in TRUTH["text"].items():
        found = client.detect_text(Image={"Bytes": read(name)})["TextDetections"]
        texts = [item["DetectedText"] for item in found if item["Type"] == "LINE"]
        there += len(expected)
        exact += len([line for line in expected if line in texts])
        wrong += [text for text in texts if text not in expected]
    return exact, there, wrong


def labels(client: Any, read: Read) -> dict[str, tuple[bool, list[str]]]:
    """Whether a right label is among the first five, by photo, and those five."""
    result = {}
    for name, right in TRUTH["labels"].items():
        answer = client.detect_labels(Image={"Bytes": read(name)}, MaxLabels=5)
        five = [label["Name"] for label in answer["Labels"]]
        result[name] = (bool(set(five) & set(right)), five)
    return result


def nudity(client: Any, read: Read) -> list[tuple[float, str]]:
    """The score of every harmless photo."""
    scores = []
    for name in TRUTH["harmless"]:
        answer = client.detect_moderation_labels(Image={"Bytes": read(name)}, MinConfidence=0)
        scores.append((answer["ModerationLabels"][0]["Confidence"], name))
    return scores


SIDES = ("Left", "Top", "Width", "Height")
Corners = tuple[float, float, float, float]


def _corners(left: float, top: float, width: float, height: float) -> Corners:
    return left, top, left + width, top + height


def _overlap(a: Corners, b: Corners) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return both / (sum(areas) - both)
