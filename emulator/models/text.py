"""RapidOCR (PP-OCRv6): lines of text and their words."""

from __future__ import annotations

import logging
from typing import Any

from emulator.models.features import Line, Point, Word
from emulator.models.session import Image, ratio

SIDE = 1280  # a dense page at full size takes up to 18 s


class Text:
    def __init__(self) -> None:
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        from rapidocr import RapidOCR

        self._engine: Any = RapidOCR(
            params={
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Global.log_level": "error",
                "Global.use_cls": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": SIDE,
            }
        )

    def read(self, image: Image) -> list[Line]:
        height, width = image.shape[:2]
        result = self._engine(image, return_word_box=True)
        if result.boxes is None or not result.txts:
            return []
        lines: list[Line] = []
        for text, score, corners, words in zip(
            result.txts, result.scores, result.boxes, result.word_results, strict=True
        ):
            if not text.strip():
                continue
            polygon = _polygon(corners, width, height)
            found = _words(text, float(score), polygon, words, width, height)
            lines.append({"text": text, "score": float(score), "polygon": polygon, "words": found})
        return lines


def _words(text: str, score: float, polygon: list[Point], parts: Any, width: int, height: int) -> list[Word]:
    """The words of a line; a line whose parts do not spell it is one word, rather than a guess."""
    words: list[Word] = [
        {"text": str(part[0]), "score": float(part[1]), "polygon": _polygon(part[2], width, height)}
        for part in parts or ()
        if str(part[0]).strip()
    ]
    return words or [{"text": text, "score": score, "polygon": polygon}]


def _polygon(corners: Any, width: int, height: int) -> list[Point]:
    inside = ((min(max(float(x), 0.0), width), min(max(float(y), 0.0), height)) for x, y in corners)
    return [[ratio(x, width), ratio(y, height)] for x, y in inside]
