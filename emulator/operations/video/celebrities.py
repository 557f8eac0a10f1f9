"""Celebrity recognition: when the people of the user's own gallery are seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.faces.faces import bounding_box, compared, largest, percent, similarity
from emulator.models.features import Seen
from emulator.operations.recognize_celebrities import LEAST_MATCH, MAX_FACES
from emulator.videos.kind import EachLook, Item, Kind, Known, Viewer


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    def items(at: int, seen: Seen) -> Iterator[Item]:
        for place in largest(seen, MAX_FACES):
            entry, apart = known.gallery.nearest(seen["vectors"][place])
            match = similarity(apart)
            if entry is not None and match >= LEAST_MATCH:
                face = seen["faces"][place]
                about = {"Urls": [], "Name": entry.name, "Id": entry.id, "Confidence": percent(match / 100)}
                # AWS's box is around the body; ours, around the face, is all there is.
                places = {"BoundingBox": bounding_box(face["box"]), "Face": compared(face)}
                yield {"Timestamp": at, "Celebrity": about | places | {"KnownGender": {"Type": "Unlisted"}}}

    return EachLook(items)


KIND = Kind(
    subject="CelebrityRecognition",
    short="video-celebrities",
    results="Celebrities",
    viewer=_viewer,
    features=lambda request: ("faces", "vectors"),
    member="Celebrity",
    key="Id",
    sort="ID",
    cannot="nobody is recognised but the people of --gallery DIR; their box is that of the face",
)
