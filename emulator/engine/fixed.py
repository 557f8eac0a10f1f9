"""The fixed engine: every answer is a recorded one, ready as bytes, so that it never is the bottleneck.

The recordings in `fixed.json` are real answers of the models engine (`benchmarks/emulator_record.py` makes them).
No image is looked at, nothing is fetched from S3, nothing is kept.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import orjson

from emulator.operations.base import Operation


class FixedEngine:
    name = "fixed"
    ready = True

    def __init__(self) -> None:
        recorded = json.loads(files(__package__).joinpath("fixed.json").read_text("utf-8"))
        self._answers = {name: orjson.dumps(answer) for name, answer in recorded.items()}

    def answer(self, operation: Operation, request: dict[str, Any]) -> bytes:
        return self._answers[operation.name]
