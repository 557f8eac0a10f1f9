"""A film being watched in a model process: frames in their order, some looked at, from one call to the next.

Twice a second a frame is looked at with the models: the one that is on the screen at that moment. For cuts every frame
is looked at, in small.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from emulator.engine.eyes import Eyes
from emulator.engine.images import picture_of
from emulator.engine.lengths import is_mp4_or_mov, picture_ms
from emulator.errors import AwsError
from emulator.models.cuts import Cuts
from emulator.videos.film import Film
from emulator.videos.order import STEP_MS

TURN_SECONDS = 0.5  # then it is others' turn: pictures wait no longer than this and one look
UNSUPPORTED = "Unsupported codec/format."


class Reel:
    """One open file; `darkest` if cuts are wanted. Raises AwsError with AWS's message for what is not H.264 in MP4."""

    def __init__(self, path: Path, features: list[str], darkest: float | None) -> None:
        self.position = 0  # frames read
        self._path = path
        self._features = features
        self._cuts = None if darkest is None else Cuts(darkest)
        self._capture: Any = cv2.VideoCapture()
        # One thread: processes, not threads, are what fills the cores.
        opened = is_mp4_or_mov(path) and self._capture.open(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not opened or self._codec() not in (b"h264", b"avc1"):
            raise AwsError("FAILED", UNSUPPORTED)
        self._fps = float(self._capture.get(cv2.CAP_PROP_FPS)) or 25.0
        self._due = 0.0
        self._at = 0.0
        self._sides = (0, 0)

    def watch(self, eyes: Eyes) -> dict[str, Any]:
        """What was seen in one turn; with the last of it, the film."""
        until = time.monotonic() + TURN_SECONDS
        looks: list[tuple[int, Any]] = []
        frames: list[list[Any]] = []
        while time.monotonic() < until:
            if not self._capture.grab():
                return {"looks": looks, "frames": frames, "position": self.position, "film": asdict(self._film())}
            self._at = max(0.0, float(self._capture.get(cv2.CAP_PROP_POS_MSEC)))
            due = self._at + 1000 / self._fps > self._due + 0.001
            if self._cuts or due or not self.position:
                self._look(eyes, due, looks, frames)
            self.position += 1
        return {"looks": looks, "frames": frames, "position": self.position}

    def close(self) -> None:
        self._capture.release()

    def _look(self, eyes: Eyes, due: bool, looks: list[tuple[int, Any]], frames: list[list[Any]]) -> None:
        read, pixels = self._capture.retrieve()
        if not read:
            return
        self._sides = (pixels.shape[1], pixels.shape[0])
        if self._cuts:
            frames.append([*self._cuts.look(pixels, self._at)])
        if due:
            if self._features:
                looks.append((int(self._at), eyes.see(picture_of(pixels), self._features)))
            while self._due < self._at + 1000 / self._fps - 0.001:
                self._due += STEP_MS

    def _film(self) -> Film:
        if not self.position or not self._sides[0]:
            raise AwsError("FAILED", UNSUPPORTED)
        decoded = round(self._at + 1000 / self._fps)
        return Film(picture_ms(self._path) or decoded, self._fps, *self._sides)

    def _codec(self) -> bytes:
        return int(self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").lower()
