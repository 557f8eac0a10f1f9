"""Label detection: what DetectLabels finds, twice a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.models.features import Seen
from emulator.operations.detect_labels import labels_of
from emulator.videos.kind import EachLook, Item, Kind, Known, Viewer

DEFAULT_CONFIDENCE = 50.0


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    least = request.get("MinConfidence", DEFAULT_CONFIDENCE)
    filters = (request.get("Settings") or {}).get("GeneralLabels") or {}

    def items(at: int, seen: Seen) -> Iterator[Item]:
        for label in labels_of(seen, least, filters):
            for instance in label["Instances"]:
                del instance["DominantColors"]  # "isn't returned", says AWS's model of GetLabelDetection
            yield {"Timestamp": at, "Label": label}

    return EachLook(items)


KIND = Kind(
    subject="LabelDetection",
    short="video-labels",
    results="Labels",
    viewer=_viewer,
    features=lambda request: ("things", "scene"),
    member="Label",
    key="Name",
    sort="NAME",
    aggregates=True,
    about=lambda request: {"LabelModelVersion": MODEL_VERSION},
    cannot="no activities; frames are looked at one by one",
)
