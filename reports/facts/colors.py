"""What a person calls a colour: the nearest of some thirty names, as the eye measures (OKLab).

Rule: pure. AWS's own names stay in the tables; a page says the one that fits the colour beside it.
Source of the formula: B. Ottosson, "A perceptual color space for image processing", 2020.
"""

from functools import lru_cache

_PEOPLE_SAY = {
    "black": ("#000000", "#14151a"),
    "dark grey": ("#3c3c3c", "#565656"),
    "grey": ("#808080", "#8f9296"),
    "light grey": ("#b4b4b4", "#d0d0d0"),
    "white": ("#ffffff", "#f3f3f0"),
    "dark red": ("#6e1414", "#8b0000"),
    "red": ("#d81e1e", "#ff0000", "#b03030", "#bf616a"),
    "pink": ("#ffb6c1", "#f08aa8", "#e75480", "#e9967a"),
    "magenta": ("#ff00ff", "#c71585"),
    "orange": ("#ff8c00", "#f28c28", "#ffa54a"),
    "brown": ("#8b4513", "#bf6e3b", "#6b4423", "#a0724a"),
    "dark brown": ("#3d2616", "#4a3220"),
    "beige": ("#f0e0c0", "#d9c3a0", "#e8d8c8"),
    "tan": ("#c8a878", "#b89b78"),
    "yellow": ("#ffff00", "#f5d327", "#e8c840", "#ebcb8b"),
    "olive": ("#808000", "#6b6b2a"),
    "light green": ("#a8e090", "#90ee90"),
    "green": ("#008000", "#3ca03c", "#00c000"),
    "dark green": ("#0b3d0b", "#244a24"),
    "turquoise": ("#40d0c8", "#00ffff", "#8fbcbb"),
    "teal": ("#008080", "#2f7f86"),
    "light blue": ("#a8c8f0", "#87ceeb"),
    "blue": ("#0000ff", "#2060d0", "#4a7ac8"),
    "dark blue": ("#0a0a60", "#1c2a5a"),
    "purple": ("#800080", "#7a3fb0", "#5a2d82"),
    "lilac": ("#c8a2d8", "#b9a0e0"),
}


@lru_cache(maxsize=8192)
def color_name(hex_code: str) -> str:
    """`#bf6e3b` -> `brown`. Raises ValueError for what is no such code."""
    at = _oklab(hex_code)
    return min(_NAMED, key=lambda one: sum((a - b) ** 2 for a, b in zip(one[0], at, strict=True)))[1]


def _oklab(hex_code: str) -> tuple[float, float, float]:
    red, green, blue = (_linear(int(hex_code[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


_NAMED = [(_oklab(code), name) for name, codes in _PEOPLE_SAY.items() for code in codes]
