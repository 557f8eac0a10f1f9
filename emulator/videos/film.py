"""What is known of a film beside its pictures; the words and numbers are FFmpeg's, as AWS's are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Film:
    """`ms` is how long the picture runs, and what is billed. Sides are of the upright picture."""

    ms: int
    fps: float
    width: int
    height: int
    codec: str = "h264"
    format: str = "QuickTime / MOV"

    def metadata(self) -> dict[str, Any]:
        return {
            "Codec": self.codec,
            "DurationMillis": self.ms,
            "Format": self.format,
            "FrameRate": self.fps,
            "FrameHeight": self.height,
            "FrameWidth": self.width,
        }
