"""`text`: lines and words, by DetectText (100 words per image at most)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Gist, Image, Param, Params
from jobs.apis.columns import EMPTY, TEXT, WHOLE, Column, Columns, as_json, box, column, one_of, percent, sides
from jobs.apis.sights import Sight
from jobs.items import Item

BRIEF_CHARACTERS = 1000  # of the `images` table's text cell; the whole text is in the `text` table


def text_columns(path: str, image: str = "image") -> list[Column]:
    """The columns of `rows`. `path`: where a detection stands; `image`: what has numbers of its own."""
    return [
        column("id", WHOLE, f"number of the detection within its {image}, from 0", f"{path}.Id"),
        column("parent_id", WHOLE, "id of the line a word belongs to; null for lines", f"{path}.ParentId"),
        one_of("type", ("LINE", "WORD"), "LINE or WORD; a line's words come again as WORD rows", f"{path}.Type"),
        column("text", TEXT, "what is written", f"{path}.DetectedText"),
        percent("confidence", "confidence of text and box", f"{path}.Confidence"),
        *box(f"{path}.Geometry.BoundingBox"),
        column("polygon", TEXT, "finer outline, JSON list of {X, Y} ratios", f"{path}.Geometry.Polygon[]"),
    ]


SCHEMA = Columns(text_columns("TextDetections[]"))
BRIEF = Columns(
    [
        column("text", TEXT, "the lines, joined by ' | ', cut at 1000 characters", "TextDetections[].DetectedText"),
        column("text_lines", WHOLE, "lines found", "TextDetections[]"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    words = {"MinConfidence": params["min_confidence"]}
    if params["min_height"]:
        words["MinBoundingBoxHeight"] = params["min_height"]
    if params["min_width"]:
        words["MinBoundingBoxWidth"] = params["min_width"]
    return {"Image": image, "Filters": {"WordFilter": words}}


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per line and one per word."""
    for found in response.get("TextDetections") or ():
        get = found.get
        geometry = get("Geometry") or EMPTY
        left, top, width, height = sides(geometry.get("BoundingBox") or EMPTY)
        yield (
            get("Id"), get("ParentId"), get("Type"), get("DetectedText"), get("Confidence"),
            left, top, width, height, as_json(geometry.get("Polygon")),
        )  # fmt: skip


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    lines = lines_of(response)
    return joined(lines), len(lines)


def lines_of(response: Mapping[str, Any]) -> list[str]:
    found = response.get("TextDetections") or ()
    return [one.get("DetectedText") or "" for one in found if one.get("Type") == "LINE"]


def joined(lines: Iterable[str]) -> str | None:
    """Lines as one cell."""
    text = " | ".join(lines)
    return (text if len(text) <= BRIEF_CHARACTERS else text[: BRIEF_CHARACTERS - 1] + "…") or None


API = Api(
    name="text",
    operation="DetectText",
    summary="Written text by line and word, 100 words per image at most.",
    sights=(Sight("text in {n}", "no text"),),
    meters=("image-group-2",),
    request=request,
    answer_keys=("TextDetections", "TextModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(100, "words", lambda r: sum(one.get("Type") == "WORD" for one in r.get("TextDetections") or ())),
    params=(
        Param("min_confidence", "float", 80.0, "leave out words under this confidence (AWS's default: 80)", 0, 100),
        Param("min_height", "float", 0.0, "leave out words lower than this ratio of the image's height", 0, 1),
        Param("min_width", "float", 0.0, "leave out words narrower than this ratio of the image's width", 0, 1),
    ),
    version_key="TextModelVersion",
    name_column="text",
    gist=Gist("lines", lambda r: sorted(lines_of(r))),
)
