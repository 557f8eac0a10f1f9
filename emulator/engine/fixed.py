"""The fixed engine: every answer is a recorded one, ready as bytes, so that it never is the bottleneck.

The recordings in `fixed.json` are real answers of the models engine (`benchmarks/emulator/record.py` makes them).
No image is looked at, nothing is fetched from S3, nothing is kept but video jobs and which models run.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import orjson

from emulator.custom.versions import Versions
from emulator.engine.recorded_videos import RecordedVideos
from emulator.operations.base import Operation
from emulator.videos.store import JobStore
from emulator.videos.videos import Videos


class FixedEngine:
    name = "fixed"
    ready = True

    def __init__(self, jobs: JobStore, versions: Versions) -> None:
        recorded = json.loads(files(__package__).joinpath("fixed.json").read_text("utf-8"))
        self._answers = {name: orjson.dumps(answer) for name, answer in recorded.items()}
        self.versions = versions
        self.videos = Videos(jobs, RecordedVideos(jobs, recorded))

    def answer(self, operation: Operation, request: dict[str, Any]) -> bytes:
        return self._answers[operation.name]
