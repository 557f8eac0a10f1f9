"""Transparency laid on black or on white: on that which more of the picture stands out from.

Rule: white text on nothing stays readable, and black text too.
Source of the measure: WCAG 2.2, relative luminance and contrast ratio (3:1 is its least for large text).
"""

from PIL import Image

_READABLE = 3.0  # contrast ratio
_OPAQUE = 128  # of 255: from here on a pixel counts


def flattened(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """An RGBA picture without its transparency, and what was done."""
    alpha = image.getchannel("A")
    name, color = ("black", 0) if _is_bright(image, alpha) else ("white", 255)
    ground = Image.new("RGB", image.size, (color,) * 3)
    ground.paste(image, mask=alpha)
    return ground, [f"flattened on {name}"]


def _is_bright(image: Image.Image, alpha: Image.Image) -> bool:
    """Whether more of its pixels vanish on white than on black."""
    least = min(_OPAQUE, max(1, alpha.getextrema()[1]))  # of a picture that is faint all over, its densest pixels
    mask = alpha.point(lambda value: 255 if value >= least else 0)
    counts = image.convert("L").histogram(mask)
    on_white = sum(counts[value] for value in range(256) if 1.05 / (_luminance(value) + 0.05) < _READABLE)
    on_black = sum(counts[value] for value in range(256) if (_luminance(value) + 0.05) / 0.05 < _READABLE)
    return on_white > on_black


def _luminance(gray: int) -> float:
    """Relative luminance, 0 to 1, of a gray of 0 to 255."""
    part = gray / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
