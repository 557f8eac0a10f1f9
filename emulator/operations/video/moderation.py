"""Content moderation: what DetectModerationLabels finds, twice a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.models.features import Seen
from emulator.operations.detect_moderation_labels import DEFAULT_CONFIDENCE, labels_of
from emulator.videos.kind import EachLook, Item, Kind, Known, Viewer


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    least = request.get("MinConfidence", DEFAULT_CONFIDENCE)

    def items(at: int, seen: Seen) -> Iterator[Item]:
        for label in labels_of(seen, least):
            yield {"Timestamp": at, "ModerationLabel": label, "ContentTypes": []}

    return EachLook(items)


KIND = Kind(
    subject="ContentModeration",
    short="video-moderation",
    results="ModerationLabels",
    viewer=_viewer,
    features=lambda request: ("nudity",),
    member="ModerationLabel",
    key="Name",
    sort="NAME",
    aggregates=True,
    about=lambda request: {"ModerationModelVersion": MODEL_VERSION},
)
