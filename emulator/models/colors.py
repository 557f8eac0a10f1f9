"""Colours as Rekognition names them: CSS name, one of 12 simple names, hex code."""

from __future__ import annotations

from typing import Any

from PIL import ImageColor

from emulator.models.features import Color

_SIMPLE = {
    "black": (0, 0, 0),
    "blue": (0, 0, 255),
    "brown": (139, 69, 19),
    "green": (0, 128, 0),
    "grey": (128, 128, 128),
    "orange": (255, 165, 0),
    "pink": (255, 192, 203),
    "purple": (128, 0, 128),
    "red": (255, 0, 0),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
}
_CSS: dict[str, tuple[int, ...]] = {name: ImageColor.getrgb(name) for name in sorted(ImageColor.colormap)}


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


def _nearest(named: Any, rgb: list[int]) -> str:
    """The closest by the eye's weights for red, green and blue (0.30, 0.59, 0.11)."""

    def apart(name: str) -> float:
        other = named[name]
        return float(sum(w * (a - b) ** 2 for w, a, b in zip((0.3, 0.59, 0.11), rgb, other, strict=True)))

    return str(min(named, key=apart))
