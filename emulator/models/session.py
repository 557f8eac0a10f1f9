"""Loading an ONNX file the one way all models do: one thread, CPU, quiet."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

cv2.setNumThreads(1)  # processes, not threads, are what fills the cores


def path_of(name: str) -> str:
    return str(Path(str(files("emulator.models"))) / "data" / name)


def load(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path_of(name), options, providers=["CPUExecutionProvider"])


def resized(image: Image, width: int, height: int) -> Image:
    shrinks = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (max(1, width), max(1, height)), interpolation=how), np.uint8)


def ratio(value: float, whole: float) -> float:
    return round(float(value) / whole, 6)
