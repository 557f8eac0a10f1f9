"""What single frames of a film say about its cuts: how much changed, how dark it is, whether it is colour bars.

A frame is looked at in small, without smoothing, so that a share of pixels stays one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emulator.models.session import Image

SIDE = 160
_LUMA = np.array([[0.0722, 0.7152, 0.2126]], np.float32)  # ITU-R BT.709, of blue, green and red
# Bars of SMPTE and EBU: white, yellow, cyan, green, magenta, red, blue; each as blue, green and red, on or off.
_BARS = np.array([[1, 1, 1], [0, 1, 1], [1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1], [1, 0, 0]], bool)
_CONTRAST = 70  # between on and off, in 255ths: bars are at 75 or 100 %
_EVEN = 12.0  # greatest deviation inside a bar


class Frame(NamedTuple):
    """`change` from the frame before, 0 to 255; `dark`: percentage of pixels as dark as black."""

    at: float  # ms
    change: float
    dark: float
    bars: bool


class Cuts:
    """Looks at frames in their order. `darkest`: MaxPixelThreshold, the share of the range that counts as black."""

    def __init__(self, darkest: float) -> None:
        self._darkest = round(darkest * 255)  # pixels come in the full range, whatever range the film has
        self._before: Any = None

    def look(self, pixels: Image, at: float) -> Frame:
        scale = SIDE / max(pixels.shape[:2])
        height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
        small = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        change = 0.0 if self._before is None else sum(cv2.mean(cv2.absdiff(hsv, self._before))) / 3
        self._before = hsv
        dark = 100.0 * float((cv2.transform(small, _LUMA) <= self._darkest).mean())
        return Frame(at, round(change, 3), round(dark, 3), _bars(small))


def _bars(small: Image) -> bool:
    """Seven even columns in the order of the standard, in the upper half."""
    middles_of_one_row = small[small.shape[0] // 4, (np.arange(7) * 2 + 1) * small.shape[1] // 14]
    if not _in_order(middles_of_one_row):  # nearly every frame ends here
        return False
    top = small[: max(1, small.shape[0] // 2)]
    columns = np.array_split(top, 7, axis=1)
    if min(column.shape[1] for column in columns) < 3:
        return False
    middles = [column[:, column.shape[1] // 4 : -(column.shape[1] // 4) or None].reshape(-1, 3) for column in columns]
    means = np.array([middle.mean(0) for middle in middles])
    if max(float(middle.std(0).max()) for middle in middles) > _EVEN:
        return False
    return _in_order(means)


def _in_order(colors: NDArray[Any]) -> bool:
    return float(colors[_BARS].min()) - float(colors[~_BARS].max()) > _CONTRAST
