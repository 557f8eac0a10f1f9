"""What the models see in one picture: plain JSON values, so that they cross the pipe between processes as they are.

Boxes are [left, top, width, height] and points [x, y], as ratios of the upright picture; scores are 0 to 1.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

Box = list[float]
Point = list[float]


class Thing(TypedDict):
    """An object found: its index among the 80 classes, its score, its place and its colours."""

    kind: int
    score: float
    box: Box


class Scene(TypedDict):
    """One of the 1000 classes of the whole picture."""

    kind: int
    score: float


class Color(TypedDict):
    rgb: list[int]
    share: float


class Properties(TypedDict):
    """Brightness, sharpness and contrast on a scale of 0 to 100 of our own, and the main colours."""

    brightness: float
    sharpness: float
    contrast: float
    colors: list[Color]


class Face(TypedDict):
    box: Box
    score: float
    pixels: float  # the shorter side of the box in pixels of the picture as sent
    landmarks: dict[str, Point]  # by Rekognition's names
    roll: float
    yaw: float
    pitch: float
    brightness: float
    sharpness: float


class Person(TypedDict):
    """Attributes of the face at the same place in `faces`; the ratios are measured on its landmarks."""

    age: float
    male: float
    emotions: dict[str, float]
    eye_ratio: float
    mouth_ratio: float


class Word(TypedDict):
    text: str
    score: float
    polygon: list[Point]


class Line(TypedDict):
    text: str
    score: float
    polygon: list[Point]
    words: list[Word]


class Seen(TypedDict):
    """`width`, `height` in pixels, upright; `content` the sha256 of the bytes; the rest as far as it was asked for."""

    width: int
    height: int
    content: NotRequired[str]
    things: NotRequired[list[Thing]]
    scene: NotRequired[list[Scene]]
    properties: NotRequired[Properties]
    faces: NotRequired[list[Face]]
    persons: NotRequired[list[Person]]
    vectors: NotRequired[list[list[float]]]
    nudity: NotRequired[float]
    text: NotRequired[list[Line]]
