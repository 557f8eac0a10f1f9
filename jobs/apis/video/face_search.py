"""`video-face-search`: who, of a face collection, appears when in stored video, by StartFaceSearch."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Param, VideoApi
from jobs.apis.best import MOST_NAMES
from jobs.apis.collection import COLLECTION, must_exist, uri_of
from jobs.apis.columns import EMPTY, LONG, TEXT, WHOLE, Columns, box, column, moment, percent, sides
from jobs.apis.face_detail import outline, outline_columns
from jobs.apis.sights import Sight, people

_PERSON, _MATCH = "Persons[].Person", "Persons[].FaceMatches[]"
SCHEMA = Columns(
    [
        moment("Persons[]"),
        column("person_index", LONG, "number of the person within the film, from 0", f"{_PERSON}.Index"),
        column("rank", WHOLE, "1, 2, ...: place of the match in AWS's order; null: nobody matched", _MATCH),
        column(
            "name",
            TEXT,
            "who it is: the item the stored face was indexed from where rekscan did that, else its name, else its id",
            f"{_MATCH}.Face.ExternalImageId | {_MATCH}.Face.FaceId",
        ),
        percent("similarity", "similarity of the person with the stored face", f"{_MATCH}.Similarity"),
        column("face_id", TEXT, "AWS's id of the stored face", f"{_MATCH}.Face.FaceId"),
        column("image_id", TEXT, "AWS's id of the image it was indexed from", f"{_MATCH}.Face.ImageId"),
        column("external_image_id", TEXT, "name it was indexed under", f"{_MATCH}.Face.ExternalImageId"),
        column("user_id", TEXT, "user the stored face is associated with", f"{_MATCH}.Face.UserId"),
        *box(f"{_PERSON}.BoundingBox", "body"),
        *outline_columns(f"{_PERSON}.Face"),
    ]
)
BRIEF = Columns(
    [
        column("persons", WHOLE, f"people seen, {MOST_NAMES:,} at most", f"{_PERSON}.Index"),
        column("search_best", TEXT, "the most similar match", f"{_MATCH}.Face.ExternalImageId"),
        percent("search_similarity", "its similarity", f"{_MATCH}.Similarity"),
    ]
)


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per match of a person at a moment; one that matches nobody has one row."""
    for found in page.get("Persons") or ():
        person = found.get("Person") or EMPTY
        when = found.get("Timestamp"), person.get("Index")
        place = *sides(person.get("BoundingBox") or EMPTY), *outline(person.get("Face") or EMPTY)
        matches = found.get("FaceMatches")
        if not matches:
            yield *when, None, None, None, None, None, None, None, *place
            continue
        for rank, match in enumerate(matches, 1):
            face = match.get("Face") or EMPTY
            yield (
                *when, rank, _name(face), match.get("Similarity"), face.get("FaceId"), face.get("ImageId"),
                face.get("ExternalImageId"), face.get("UserId"), *place,
            )  # fmt: skip


def _name(face: Mapping[str, Any]) -> str | None:
    given = face.get("ExternalImageId")
    return uri_of(given) or given or face.get("FaceId")


class Brief:
    def __init__(self) -> None:
        self._persons: set[int] = set()
        self._best: tuple[float, str | None] | None = None

    def add(self, page: Mapping[str, Any]) -> None:
        for found in page.get("Persons") or ():
            index = (found.get("Person") or EMPTY).get("Index")
            if index is not None and len(self._persons) < MOST_NAMES:
                self._persons.add(index)
            for match in found.get("FaceMatches") or ():
                similarity = match.get("Similarity") or 0.0
                if self._best is None or similarity > self._best[0]:
                    self._best = similarity, _name(match.get("Face") or EMPTY)

    def values(self) -> tuple[Any, ...]:
        similarity, name = self._best or (None, None)
        return len(self._persons), name, similarity


API = VideoApi(
    name="video-face-search",
    operation="StartFaceSearch",
    reusable=False,
    summary="Who, of a face collection, appears when.",
    sights=(Sight("known faces in {n}", "no known face", "rank"), people()),
    meters=("video-face-search",),
    params=(
        COLLECTION,
        Param("face_match_threshold", "float", 80.0, "least similarity of a match (AWS's default: 80)", 0, 100),
    ),
    request=lambda params: {
        "CollectionId": params["collection"],
        "FaceMatchThreshold": params["face_match_threshold"],
    },
    reading={"SortBy": "TIMESTAMP"},
    prepare=lambda params: (must_exist(params["collection"]),),
    answer_keys=("Persons",),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="name",
    confidence_column="similarity",
    of_pictures="search-faces",
)
