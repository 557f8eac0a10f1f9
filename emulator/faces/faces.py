"""A face as Rekognition writes it, and how alike two faces are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from emulator.models.features import Box, Face, Person, Seen

FIVE = ("eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose")
MAX_FACES = 100
DEFAULT_MATCH = 80.0

# Distance 0.5 is where the vectors part same from different people (see docs/emulator-models.md); it is written as
# 80 % similarity, Rekognition's own default threshold.
_CUT, _STEEPNESS = 0.5, 14.0
_SHIFT = _CUT + math.log(4.0) / _STEEPNESS

# Eye height to width, and mouth opening to width, from which on they count as open.
_EYE_OPEN, _MOUTH_OPEN = 0.18, 0.25


def similarity(distance: float) -> float:
    """0 to 100, falling with the distance of two vectors: 80 at 0.5, 99.7 at 0.2."""
    return round(100.0 / (1.0 + math.exp((distance - _SHIFT) * _STEEPNESS)), 4)


def distance(a: Iterable[float], b: Iterable[float]) -> float:
    return math.dist(tuple(a), tuple(b))


def bounding_box(box: Box) -> dict[str, float]:
    left, top, width, height = box
    return {"Width": width, "Height": height, "Left": left, "Top": top}


def percent(score: float) -> float:
    return round(100.0 * min(1.0, max(0.0, score)), 4)


def area(face: Face) -> float:
    return face["box"][2] * face["box"][3]


def largest(seen: Seen, limit: int = MAX_FACES) -> list[int]:
    """Places of the faces, largest first: the order in which Rekognition gives and counts them."""
    faces = seen["faces"]
    return sorted(range(len(faces)), key=lambda place: -area(faces[place]))[:limit]


def compared(face: Face) -> dict[str, Any]:
    """The short form: place, pose, quality and the five landmarks."""
    return {
        "BoundingBox": bounding_box(face["box"]),
        "Confidence": percent(face["score"]),
        "Landmarks": _landmarks(face, FIVE),
        "Pose": {"Roll": face["roll"], "Yaw": face["yaw"], "Pitch": face["pitch"]},
        "Quality": {"Brightness": face["brightness"], "Sharpness": face["sharpness"]},
    }


def detail(face: Face, person: Person | None, wanted: set[str]) -> dict[str, Any]:
    """A FaceDetail. Glasses, beards, occlusion and gaze are left out: no model here knows them."""
    document = compared(face)
    everything = "ALL" in wanted
    if everything:
        document["Landmarks"] = _landmarks(face, face["landmarks"])
    if person is not None:
        document |= {name: value for name, value in _attributes(person).items() if everything or _key(name) in wanted}
    return document


def needs_person(wanted: set[str]) -> bool:
    return bool(wanted & {"ALL", "AGE_RANGE", "EMOTIONS", "EYES_OPEN", "GENDER", "MOUTH_OPEN", "SMILE"})


def emotions(person: Person) -> list[dict[str, Any]]:
    ranked = sorted(person["emotions"].items(), key=lambda item: -item[1])
    return [{"Type": name, "Confidence": percent(score)} for name, score in ranked]


def smile(person: Person) -> dict[str, Any]:
    return _verdict(person["emotions"].get("HAPPY", 0.0) - 0.5, 0.5)


def _attributes(person: Person) -> dict[str, Any]:
    age, male = person["age"], person["male"]
    gender, sure = ("Male", male) if male >= 0.5 else ("Female", 1.0 - male)
    return {
        "AgeRange": {"Low": max(0, round(age - 6)), "High": max(1, round(age + 6))},
        "Smile": smile(person),
        "Gender": {"Value": gender, "Confidence": percent(sure)},
        "EyesOpen": _verdict(person["eye_ratio"] - _EYE_OPEN, 0.12),
        "MouthOpen": _verdict(person["mouth_ratio"] - _MOUTH_OPEN, 0.2),
        "Emotions": emotions(person),
    }


def _verdict(margin: float, scale: float) -> dict[str, Any]:
    """True on the right side of zero; surer the further, from 50 % at the line to 100 % at `scale`."""
    return {"Value": margin >= 0, "Confidence": percent(0.5 + 0.5 * min(1.0, abs(margin) / scale))}


def _landmarks(face: Face, names: Iterable[str]) -> list[dict[str, Any]]:
    points = face["landmarks"]
    return [{"Type": name, "X": points[name][0], "Y": points[name][1]} for name in names if name in points]


def _key(name: str) -> str:
    return {"AgeRange": "AGE_RANGE", "EyesOpen": "EYES_OPEN", "MouthOpen": "MOUTH_OPEN"}.get(name, name.upper())
