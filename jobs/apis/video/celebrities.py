"""`video-celebrities`: well-known people and when they appear in stored video, by StartCelebrityRecognition."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import VideoApi
from jobs.apis.best import MOST_NAMES, Best
from jobs.apis.columns import EMPTY, TEXT, WHOLE, Columns, box, column, moment, percent, sides
from jobs.apis.face_detail import outline, outline_columns
from jobs.apis.sights import Sight, people

_ONE = "Celebrities[].Celebrity"
SCHEMA = Columns(
    [
        moment("Celebrities[]"),
        column("name", TEXT, "name of the celebrity", f"{_ONE}.Name"),
        column("celebrity_id", TEXT, "AWS's id of the celebrity", f"{_ONE}.Id"),
        percent("confidence", "confidence that it is this person", f"{_ONE}.Confidence"),
        column("known_gender", TEXT, "the celebrity's known gender", f"{_ONE}.KnownGender.Type"),
        column("urls", TEXT, "pages about the celebrity, joined by '; '", f"{_ONE}.Urls[]"),
        *box(f"{_ONE}.BoundingBox", "body"),
        *outline_columns(f"{_ONE}.Face"),
    ]
)
BRIEF = Columns(
    [
        column("celebrities", TEXT, "the five most confident names, with their confidence", f"{_ONE}.Name"),
        column("celebrity_count", WHOLE, f"different names, {MOST_NAMES:,} at most", f"{_ONE}.Name"),
    ]
)


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per recognised person and moment."""
    for found in page.get("Celebrities") or ():
        one = found.get("Celebrity") or EMPTY
        yield (
            found.get("Timestamp"), one.get("Name"), one.get("Id"), one.get("Confidence"),
            (one.get("KnownGender") or EMPTY).get("Type"), "; ".join(one.get("Urls") or ()) or None,
            *sides(one.get("BoundingBox") or EMPTY), *outline(one.get("Face") or EMPTY),
        )  # fmt: skip


class Brief:
    def __init__(self) -> None:
        self._names = Best()

    def add(self, page: Mapping[str, Any]) -> None:
        for found in page.get("Celebrities") or ():
            one = found.get("Celebrity") or EMPTY
            self._names.add(one.get("Name"), one.get("Confidence"))

    def values(self) -> tuple[Any, ...]:
        return self._names.top, len(self._names.found)


API = VideoApi(
    name="video-celebrities",
    operation="StartCelebrityRecognition",
    summary="Well-known people and when they appear.",
    sights=(Sight("celebrities in {n}", "no celebrities", "name"), people()),
    meters=("video-celebrities",),
    reading={"SortBy": "TIMESTAMP"},
    answer_keys=("Celebrities",),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="name",
)
