"""NanoDet: 80 kinds of things with boxes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emulator.models.features import Thing
from emulator.models.session import Floats, Image, load, ratio, resized

SIDE = 416
STRIDES = (8, 16, 32)
BINS = 11  # of the distribution each box side is read from
CLASSES = 80
THRESHOLD = 0.5  # lower gives false hits (docs/emulator-models.md)
OVERLAP = 0.5
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_SPREAD = np.array([57.375, 57.12, 58.395], np.float32)


class Things:
    def __init__(self) -> None:
        self._session = load("nanodet.onnx")

    def find(self, image: Image) -> list[Thing]:
        height, width = image.shape[:2]
        scale = SIDE / max(height, width)
        inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (SIDE - inner_width) // 2, (SIDE - inner_height) // 2
        canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
        canvas[top : top + inner_height, left : left + inner_width] = resized(image, inner_width, inner_height)
        tensor = ((canvas.astype(np.float32) - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
        outputs = self._session.run(None, {"input_1": np.ascontiguousarray(tensor)})

        boxes, scores, kinds = _decode({output.shape[1:]: output[0] for output in outputs})
        boxes = (boxes - [left, top, left, top]) / scale
        boxes = boxes.clip(0, [width, height, width, height])
        things: list[Thing] = []
        for place in _best(boxes, scores, kinds):
            x0, y0, x1, y1 = boxes[place]
            box = [ratio(x0, width), ratio(y0, height), ratio(x1 - x0, width), ratio(y1 - y0, height)]
            things.append({"kind": int(kinds[place]), "score": _sure(float(scores[place])), "box": box})
        return sorted(things, key=lambda thing: -thing["score"])


def _decode(outputs: dict[tuple[int, ...], Floats]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Boxes on the canvas as corners, with score and kind, over the threshold."""
    all_boxes, all_scores, all_kinds = [], [], []
    for stride in STRIDES:
        cells = -(-SIDE // stride)
        grid = cells * cells
        classes = outputs[grid, CLASSES]
        sides = _softmax(outputs[grid, 4 * BINS].reshape(grid, 4, BINS)) @ np.arange(BINS, dtype=np.float32) * stride
        rows, columns = np.divmod(np.arange(grid), cells)
        x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
        boxes = np.stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]], 1)
        kinds, scores = classes.argmax(1), classes.max(1)
        sure = scores > THRESHOLD
        all_boxes.append(boxes[sure])
        all_scores.append(scores[sure])
        all_kinds.append(kinds[sure])
    return np.concatenate(all_boxes), np.concatenate(all_scores), np.concatenate(all_kinds)


def _best(boxes: Floats, scores: Floats, kinds: NDArray[np.int64]) -> list[int]:
    """Places that survive when overlapping boxes of one kind compete."""
    kept: list[int] = []
    for kind in np.unique(kinds):
        places = np.flatnonzero(kinds == kind)
        x0, y0, x1, y1 = boxes[places].T
        rectangles = np.stack([x0, y0, x1 - x0, y1 - y0], 1).tolist()
        chosen = cv2.dnn.NMSBoxes(rectangles, scores[places].tolist(), 0.0, OVERLAP)
        kept += [int(places[place]) for place in np.asarray(chosen).reshape(-1)]
    return kept


def _softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


def _sure(score: float) -> float:
    """From the model's scale, where 0.5 is the line, to Rekognition's, where 55 % is."""
    return 0.55 + 0.45 * (score - THRESHOLD) / (1.0 - THRESHOLD)
