"""Face detection: every face, twice a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.faces.faces import detail, largest
from emulator.models.features import Seen
from emulator.videos.kind import EachLook, Item, Kind, Known, Viewer


def _wanted(request: dict[str, Any]) -> set[str]:
    return {request.get("FaceAttributes", "DEFAULT")}


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    wanted = _wanted(request)

    def items(at: int, seen: Seen) -> Iterator[Item]:
        persons = seen.get("persons")
        for place in largest(seen):
            face = detail(seen["faces"][place], persons[place] if persons else None, wanted)
            yield {"Timestamp": at, "Face": face}

    return EachLook(items)


KIND = Kind(
    subject="FaceDetection",
    short="video-faces",
    results="Faces",
    viewer=_viewer,
    features=lambda request: ("faces", "persons") if "ALL" in _wanted(request) else ("faces",),
)
