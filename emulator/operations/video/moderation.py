"""Content moderation: what DetectModerationLabels finds, twice a second."""

from __future__ import annotations

from emulator.models.catalogue import MODEL_VERSION
from emulator.videos.kind import Kind

KIND = Kind(
    subject="ContentModeration",
    short="video-moderation",
    results="ModerationLabels",
    member="ModerationLabel",
    key="Name",
    sort="NAME",
    aggregates=True,
    about=lambda request: {"ModerationModelVersion": MODEL_VERSION},
    cannot="as DetectModerationLabels: only Explicit > Explicit Nudity is known",
)
