"""Face search: who of a collection is seen when. A person keeps an Index as long as the face is found again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.faces.faces import DEFAULT_MATCH, bounding_box, compared, largest
from emulator.faces.indexes import Indexes
from emulator.faces.stored import matches
from emulator.models.features import Seen
from emulator.operations.search_faces import DEFAULT_FACES
from emulator.videos.kind import EachLook, Item, Kind, Known, Viewer


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    indexes = Indexes()
    threshold, collection = request.get("FaceMatchThreshold", DEFAULT_MATCH), request["CollectionId"]

    def items(at: int, seen: Seen) -> Iterator[Item]:
        boxes = [face["box"] for face in seen["faces"]]
        numbers = indexes.number(at, boxes, seen["vectors"])
        for place in largest(seen):
            face, vector = seen["faces"][place], seen["vectors"][place]
            found = known.collections.nearest(collection, vector, DEFAULT_FACES)
            person = {"Index": numbers[place], "BoundingBox": bounding_box(face["box"]), "Face": compared(face)}
            yield {"Timestamp": at, "Person": person, "FaceMatches": matches(found, threshold)}

    return EachLook(items)


KIND = Kind(
    subject="FaceSearch",
    short="video-face-search",
    results="Persons",
    viewer=_viewer,
    features=lambda request: ("faces", "vectors"),
    member="Person",
    key="Index",
    sort="INDEX",
    cannot="persons are faces: one who turns away is not followed",
)
