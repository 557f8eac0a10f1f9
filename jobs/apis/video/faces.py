"""`video-faces`: faces of stored video, by StartFaceDetection."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Param, VideoApi
from jobs.apis.columns import EMPTY, WHOLE, Columns, column, moment
from jobs.apis.face_detail import detail, detail_columns
from jobs.apis.sights import people

SCHEMA = Columns([moment("Faces[]"), *detail_columns("Faces[].Face")])
BRIEF = Columns(
    [
        column("faces_at_once", WHOLE, "most faces seen at one moment", "Faces[]"),
        column("youngest_age", WHOLE, "lowest low end of the apparent ages", "Faces[].Face.AgeRange.Low"),
        column("oldest_age", WHOLE, "highest high end of the apparent ages", "Faces[].Face.AgeRange.High"),
    ]
)


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per face and moment."""
    for found in page.get("Faces") or ():
        yield found.get("Timestamp"), *detail(found.get("Face") or EMPTY)


class Brief:
    """Faces come in order of time."""

    def __init__(self) -> None:
        self._at: int | None = None
        self._here = self._most = 0
        self._low: int | None = None
        self._high: int | None = None

    def add(self, page: Mapping[str, Any]) -> None:
        for found in page.get("Faces") or ():
            at, age = found.get("Timestamp"), (found.get("Face") or EMPTY).get("AgeRange") or EMPTY
            self._here = self._here + 1 if at == self._at else 1
            self._at, self._most = at, max(self._most, self._here)
            self._low = min((one for one in (self._low, age.get("Low")) if one is not None), default=None)
            self._high = max((one for one in (self._high, age.get("High")) if one is not None), default=None)

    def values(self) -> tuple[Any, ...]:
        return self._most, self._low, self._high


API = VideoApi(
    name="video-faces",
    operation="StartFaceDetection",
    summary="Faces over time, with age range, emotions, pose and quality.",
    sights=(people(),),
    meters=("video-faces",),
    params=(
        Param(
            "attributes",
            "str",
            "DEFAULT",
            "ALL: age, emotions, glasses and more; DEFAULT: box, landmarks, pose, quality (AWS's default)",
            choices=("DEFAULT", "ALL"),
        ),
    ),
    request=lambda params: {"FaceAttributes": params["attributes"]},
    answer_keys=("Faces",),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="emotion",
)
