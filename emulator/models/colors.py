"""Colours as Rekognition names them: CSS name, one of 12 simple names, hex code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from PIL import ImageColor

from emulator.models.features import Color

_SIMPLE = [  # what each of the names covers
    ("black", (0, 0, 0)), ("black", (25, 25, 30)),
    ("blue", (0, 0, 255)), ("blue", (30, 40, 80)), ("blue", (70, 130, 180)), ("blue", (135, 206, 235)),
    ("brown", (139, 69, 19)), ("brown", (191, 110, 59)), ("brown", (90, 70, 50)), ("brown", (200, 180, 140)),
    ("green", (0, 128, 0)), ("green", (60, 90, 50)), ("green", (144, 220, 140)), ("green", (120, 130, 60)),
    ("grey", (128, 128, 128)), ("grey", (80, 82, 85)), ("grey", (190, 190, 190)),
    ("orange", (255, 165, 0)), ("orange", (235, 120, 30)),
    ("pink", (255, 192, 203)), ("pink", (231, 84, 128)),
    ("purple", (128, 0, 128)), ("purple", (90, 50, 140)), ("purple", (190, 160, 215)),
    ("red", (255, 0, 0)), ("red", (150, 25, 25)),
    ("white", (255, 255, 255)), ("white", (240, 235, 225)),
    ("yellow", (255, 255, 0)), ("yellow", (235, 200, 80)),
    ("cyan", (0, 255, 255)), ("cyan", (0, 139, 139)),
]  # fmt: skip
_CSS = [(name, ImageColor.getrgb(name)) for name in sorted(ImageColor.colormap)]


def dominant(colors: list[Color], most: int) -> list[dict[str, Any]]:
    return [_document(color) for color in colors[:most]]


def _document(color: Color) -> dict[str, Any]:
    red, green, blue = color["rgb"]
    return {
        "Red": red,
        "Blue": blue,
        "Green": green,
        "HexCode": f"#{red:02x}{green:02x}{blue:02x}",
        "CSSColor": _nearest(_CSS, color["rgb"]),
        "SimplifiedColor": _nearest(_SIMPLE, color["rgb"]),
        "PixelPercent": round(100.0 * color["share"], 4),
    }


def _nearest(named: Sequence[tuple[str, tuple[int, ...]]], rgb: list[int]) -> str:
    """The closest as the eye measures: in OKLab (B. Ottosson, 2020), where brown is not near grey."""
    at = _oklab(*rgb)
    return min(named, key=lambda one: sum((a - b) ** 2 for a, b in zip(_oklab(*one[1]), at, strict=True)))[0]


@lru_cache(maxsize=4096)
def _oklab(*rgb: int) -> tuple[float, float, float]:
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (one / 255 for one in rgb))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )
