"""Celebrity recognition: when the people of the user's own gallery are seen."""

from __future__ import annotations

from emulator.videos.kind import Kind

KIND = Kind(
    subject="CelebrityRecognition",
    short="video-celebrities",
    results="Celebrities",
    member="Celebrity",
    key="Id",
    sort="ID",
    cannot="nobody is recognised but the people of --gallery DIR; their bodies have no box",
)
