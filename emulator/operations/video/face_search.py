"""Face search: who of a collection is seen when."""

from __future__ import annotations

from emulator.videos.kind import Kind

KIND = Kind(
    subject="FaceSearch",
    short="video-face-search",
    results="Persons",
    member="Person",
    key="Index",
    sort="INDEX",
    cannot="persons are faces: one who turns away is not followed",
)
