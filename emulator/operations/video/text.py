"""Text detection: lines and words, twice a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.models.features import Seen
from emulator.operations.detect_text import detections_of
from emulator.videos.kind import EachLook, Item, Kind, Known, Viewer

DEFAULT_CONFIDENCE = 80.0


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    filters = request.get("Filters") or {}
    words = {"MinConfidence": DEFAULT_CONFIDENCE} | (filters.get("WordFilter") or {})

    def items(at: int, seen: Seen) -> Iterator[Item]:
        for found in detections_of(seen, filters | {"WordFilter": words}):
            yield {"Timestamp": at, "TextDetection": found}

    return EachLook(items)


KIND = Kind(
    subject="TextDetection",
    short="video-text",
    results="TextDetections",
    viewer=_viewer,
    features=lambda request: ("text",),
    about=lambda request: {"TextModelVersion": MODEL_VERSION},
)
