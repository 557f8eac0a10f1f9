"""EfficientNet-Lite0: which of 1000 kinds of picture this is."""

from __future__ import annotations

import numpy as np

from emulator.models.features import Scene
from emulator.models.session import Floats, Image, load, resized

SIDE = 224
TOP = 5
THRESHOLD = 0.2  # from here on a class is more often right than not (docs/emulator-models.md)


class Scenes:
    def __init__(self) -> None:
        self._session = load("efflite0.onnx")

    def classify(self, image: Image) -> list[Scene]:
        """The five likeliest, of the whole picture and its middle square together."""
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        crops = np.stack([_prepare(image), _prepare(image[top : top + side, left : left + side])])
        chances = self._session.run(["prob"], {"input": crops})[0].mean(0)
        best = chances.argsort()[::-1][:TOP]
        return [{"kind": int(kind), "score": _sure(float(chances[kind]))} for kind in best]


def _prepare(image: Image) -> Floats:
    rgb = resized(image, SIDE, SIDE)[..., ::-1].astype(np.float32)
    return np.ascontiguousarray(((rgb - 127.0) / 128.0).transpose(2, 0, 1))


def _sure(chance: float) -> float:
    """From a chance among 1000, where 0.2 is the line, to Rekognition's scale, where 55 % is."""
    if chance < THRESHOLD:
        return 0.55 * chance / THRESHOLD
    return 0.55 + 0.45 * (chance - THRESHOLD) / (1.0 - THRESHOLD)
