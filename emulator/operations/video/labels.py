"""Label detection: what DetectLabels finds, twice a second."""

from __future__ import annotations

from emulator.models.catalogue import MODEL_VERSION
from emulator.videos.kind import Kind

KIND = Kind(
    subject="LabelDetection",
    short="video-labels",
    results="Labels",
    member="Label",
    key="Name",
    sort="NAME",
    aggregates=True,
    about=lambda request: {"LabelModelVersion": MODEL_VERSION},
    cannot="no activities; else as DetectLabels, two frames a second, each by itself",
)
