"""Image properties, measured with OpenCV: no model. The scales are our own, not Rekognition's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from emulator.models.features import Properties
from emulator.models.session import Image, resized

COLORS = 10
_SIDE = 160
_STANDARD_WIDTH = 512  # sharpness and contrast are measured at one size, or they would measure the size


def measure(image: Image) -> Properties:
    height, width = image.shape[:2]
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    gray = resized(np.asarray(gray, np.uint8), _STANDARD_WIDTH, round(_STANDARD_WIDTH * height / width))
    brightness, contrast, sharpness = light(gray)
    return {
        "brightness": brightness,
        "sharpness": sharpness,
        "contrast": contrast,
        "colors": [
            {"rgb": [int(value) for value in center[::-1]], "share": round(share, 6)}
            for center, share in _clusters(image)
        ],
    }


def light(gray: Image) -> tuple[float, float, float]:
    """Brightness, contrast and sharpness, 0 to 100."""
    brightness = float(gray.mean()) / 2.55
    contrast = min(100.0, float(gray.std()) / 1.275)
    detail = float(cv2.Laplacian(gray, cv2.CV_32F).var())
    return round(brightness, 4), round(contrast, 4), round(100.0 * detail / (detail + 500.0), 4)


def _clusters(image: Image) -> list[tuple[list[float], float]]:
    """The main colours with their share of the pixels, largest first."""
    pixels = resized(image, _SIDE, _SIDE).reshape(-1, 3).astype(np.float32)
    count = min(COLORS, len(np.unique(pixels, axis=0)))
    cv2.setRNGSeed(1)  # the same picture has the same colours every time
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    kmeans: Any = cv2.kmeans  # its stub forbids the None its documentation asks for
    _, labels, centers = kmeans(pixels, count, None, until, 1, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(pixels)
    order = np.argsort(-shares, kind="stable")
    return [(centers[place].round().clip(0, 255).tolist(), float(shares[place])) for place in order]
