"""Text detection: lines and words, twice a second."""

from __future__ import annotations

from emulator.models.catalogue import MODEL_VERSION
from emulator.videos.kind import Kind

KIND = Kind(
    subject="TextDetection",
    short="video-text",
    results="TextDetections",
    about=lambda request: {"TextModelVersion": MODEL_VERSION},
    cannot="as DetectText: handwriting and strongly rotated text are often missed",
)
