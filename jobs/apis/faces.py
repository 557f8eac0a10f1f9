"""`faces`: every face with age, gender, emotion and other attributes, by DetectFaces (100 largest faces)."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Gist, Image, Param, Params
from jobs.apis.columns import EMPTY, WHOLE, Columns, Range, column, numbered
from jobs.apis.face_detail import ATTRIBUTES, detail, detail_columns, unasked
from jobs.apis.sights import people
from jobs.items import Item

SCHEMA = Columns(
    [
        numbered("face", "number of the face within its image, in AWS's order", "FaceDetails[]"),
        *detail_columns("FaceDetails[]"),
    ]
)
BRIEF = Columns(
    [
        column(
            "face_count",
            WHOLE,
            "faces found (100 at most)",
            "FaceDetails[]",
            range=Range(0, 100, "a whole number, 0 to 100"),
        ),
        column("youngest_age", WHOLE, "lowest low end of the apparent ages", "FaceDetails[].AgeRange.Low"),
        column("oldest_age", WHOLE, "highest high end of the apparent ages", "FaceDetails[].AgeRange.High"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    return {"Image": image, "Attributes": list(params["attributes"])}


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per face."""
    for number, face in enumerate(response.get("FaceDetails") or (), 1):
        yield number, *detail(face)


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    faces = response.get("FaceDetails") or ()
    ages = [face.get("AgeRange") or EMPTY for face in faces]
    low = [age["Low"] for age in ages if age.get("Low") is not None]
    high = [age["High"] for age in ages if age.get("High") is not None]
    return len(faces), min(low, default=None), max(high, default=None)


API = Api(
    name="faces",
    operation="DetectFaces",
    summary="Faces with age range, gender, emotions, pose, quality and landmarks; the 100 largest.",
    sights=(people(),),
    meters=("image-group-2",),
    request=request,
    answer_keys=("FaceDetails",),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(100, "faces", lambda r: len(r.get("FaceDetails") or ())),
    params=(
        Param("attributes", "list", ["ALL"], "ALL, DEFAULT or single ones, joined by +", choices=ATTRIBUTES, most=14),
    ),
    name_column="emotion",
    unasked=lambda params: unasked(params["attributes"], (*SCHEMA, *BRIEF)),
    gist=Gist("number of faces", lambda r: len(r.get("FaceDetails") or ())),
)
