"""Open NSFW: one score for nudity."""

from __future__ import annotations

import cv2
import numpy as np

from emulator.models.session import Image, load

_RESIZE, _SIDE = 256, 224
_MEAN = np.array([104.0, 117.0, 123.0], np.float32)


class Nudity:
    def __init__(self) -> None:
        self._session = load("open_nsfw_fp16.onnx")

    def score(self, image: Image) -> float:
        # Through JPEG and back: the model was trained on what that does to a picture.
        small = cv2.resize(image, (_RESIZE, _RESIZE), interpolation=cv2.INTER_AREA)
        _, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])
        decoded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.float32)
        edge = (_RESIZE - _SIDE) // 2
        tensor = decoded[edge : edge + _SIDE, edge : edge + _SIDE] - _MEAN
        return float(self._session.run(None, {"input_0": tensor[None]})[0].reshape(-1)[-1])
