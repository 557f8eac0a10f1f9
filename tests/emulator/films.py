"""Films of sample photos and plain pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import repeat
from typing import Any

import cv2
import numpy as np

from emulator.photos import photo
from tests.support import films

SIDE = (480, 320)  # width, height
BARS = ("ffffff", "ffff00", "00ffff", "00ff00", "ff00ff", "ff0000", "0000ff")


def film(pictures: Iterable[Any], rate: Fraction | int = 25, container: str = "mp4", **options: Any) -> bytes:
    """`pictures`: blue, green, red; one a frame. `options` as for `tests.support.films.film`."""
    return films.film(container, rate=rate, pictures=pictures, **({"side": SIDE} | options))


def shown(name: str, frames: int) -> Iterator[Any]:
    """A sample photo, whole, in the middle."""
    return still(cv2.imdecode(np.frombuffer(photo(name), np.uint8), cv2.IMREAD_COLOR), frames)


def still(picture: Any, frames: int) -> Iterator[Any]:
    width, height = SIDE
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = plain(0)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return repeat(canvas, frames)


def plain(*color: int) -> Any:
    return np.full((SIDE[1], SIDE[0], 3), color if len(color) == 3 else color[0], np.uint8)


def bars() -> Any:
    canvas = plain(0)
    for number, color in enumerate(BARS):
        left, right = number * SIDE[0] // 7, (number + 1) * SIDE[0] // 7
        canvas[: SIDE[1] * 2 // 3, left:right] = [int(color[at : at + 2], 16) * 3 // 4 for at in (4, 2, 0)]
    return canvas
