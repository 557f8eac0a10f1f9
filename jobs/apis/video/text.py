"""`video-text`: written text of stored video, by StartTextDetection."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Param, Params, VideoApi
from jobs.apis.best import MOST_NAMES
from jobs.apis.columns import EMPTY, TEXT, WHOLE, Columns, column, moment
from jobs.apis.sights import Sight
from jobs.apis.text import BRIEF_CHARACTERS, joined, text_columns
from jobs.apis.text import rows as rows_of_image

_ONE = "TextDetections[].TextDetection"
SCHEMA = Columns([moment("TextDetections[]"), *text_columns(_ONE, "moment")])
BRIEF = Columns(
    [
        column(
            "text",
            TEXT,
            f"the lines, each once, joined by ' | ', cut at {BRIEF_CHARACTERS} characters",
            f"{_ONE}.DetectedText",
        ),
        column("text_lines", WHOLE, f"different lines found, {MOST_NAMES:,} at most", f"{_ONE}.DetectedText"),
    ]
)

_SIDES = {"min_height": "MinBoundingBoxHeight", "min_width": "MinBoundingBoxWidth"}


def request(params: Params) -> dict[str, Any]:
    words = {"MinConfidence": params["min_confidence"]} | {
        aws: params[ours] for ours, aws in _SIDES.items() if params[ours]
    }
    return {"Filters": {"WordFilter": words}}


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per line and one per word, at each moment."""
    found = page.get("TextDetections") or ()
    image = {"TextDetections": [one.get("TextDetection") or EMPTY for one in found]}
    for one, row in zip(found, rows_of_image(image), strict=True):
        yield one.get("Timestamp"), *row


class Brief:
    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def add(self, page: Mapping[str, Any]) -> None:
        for found in page.get("TextDetections") or ():
            one = found.get("TextDetection") or EMPTY
            text = one.get("DetectedText")
            if text and one.get("Type") == "LINE" and len(self._lines) < MOST_NAMES:
                self._lines[text] = None

    def values(self) -> tuple[Any, ...]:
        return joined(self._lines), len(self._lines)


API = VideoApi(
    name="video-text",
    operation="StartTextDetection",
    summary="Written text by line and word, 100 words per frame at most.",
    sights=(Sight("text in {n}", "no text"),),
    meters=("video-text",),
    params=(
        Param("min_confidence", "float", 80.0, "leave out words under this confidence (AWS's default: 80)", 0, 100),
        Param("min_height", "float", 0.0, "leave out words lower than this ratio of the picture's height", 0, 1),
        Param("min_width", "float", 0.0, "leave out words narrower than this ratio of the picture's width", 0, 1),
    ),
    request=request,
    version=lambda page: page.get("TextModelVersion"),
    answer_keys=("TextDetections", "TextModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="text",
)
