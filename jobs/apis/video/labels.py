"""`video-labels`: things, scenes and actions of stored video, by StartLabelDetection."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Param, Params, VideoApi
from jobs.apis.best import MOST_NAMES, Best
from jobs.apis.columns import EMPTY, TEXT, WHOLE, Columns, box, column, moment, names, percent, sides, span
from jobs.apis.labels import label_filter
from jobs.apis.sights import Sight, people

_LABEL = "Labels[].Label"
SCHEMA = Columns(
    [
        moment("Labels[]"),
        *span("Labels[]"),
        column("name", TEXT, "label, from a fixed list of several thousand", f"{_LABEL}.Name"),
        percent("confidence", "confidence of the label, the highest where it lasted", f"{_LABEL}.Confidence"),
        column(
            "instance",
            WHOLE,
            "1, 2, ...: one row per box of the label; null: AWS gave no box for it",
            f"{_LABEL}.Instances[]",
        ),
        percent("instance_confidence", "confidence of this box", f"{_LABEL}.Instances[].Confidence"),
        *box(f"{_LABEL}.Instances[].BoundingBox"),
        column("parents", TEXT, "parent labels, joined by '; '", f"{_LABEL}.Parents[].Name"),
        column("aliases", TEXT, "other names of the label, joined by '; '", f"{_LABEL}.Aliases[].Name"),
        column("categories", TEXT, "categories of the label, joined by '; '", f"{_LABEL}.Categories[].Name"),
    ]
)
BRIEF = Columns(
    [
        column("top_labels", TEXT, "the five most confident labels, with their confidence", f"{_LABEL}.Name"),
        column("label_count", WHOLE, f"different labels found, {MOST_NAMES:,} at most", f"{_LABEL}.Name"),
    ]
)

_FILTERS = {  # our parameter -> member of StartLabelDetection's Settings.GeneralLabels
    "include": "LabelInclusionFilters",
    "exclude": "LabelExclusionFilters",
    "include_categories": "LabelCategoryInclusionFilters",
    "exclude_categories": "LabelCategoryExclusionFilters",
}


def request(params: Params) -> dict[str, Any]:
    arguments: dict[str, Any] = {"MinConfidence": params["min_confidence"], "Features": ["GENERAL_LABELS"]}
    filters = {aws: list(params[ours]) for ours, aws in _FILTERS.items() if params[ours]}
    return arguments | ({"Settings": {"GeneralLabels": filters}} if filters else {})


_NO_BOX = (None,) * 6


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per box of a label, one row for a label without boxes; each at its moment, or as long as it lasted."""
    for found in page.get("Labels") or ():
        get = (found.get("Label") or EMPTY).get
        start, end = found.get("StartTimestampMillis"), found.get("EndTimestampMillis")
        what = found.get("Timestamp"), start, end, get("Name"), get("Confidence")
        parents, aliases, categories = get("Parents"), get("Aliases"), get("Categories")
        more = (
            names(parents) if parents else None,
            names(aliases) if aliases else None,
            names(categories) if categories else None,
        )
        instances = get("Instances")
        if not instances:
            yield what + _NO_BOX + more
            continue
        for number, one in enumerate(instances, 1):
            yield (*what, number, one.get("Confidence"), *sides(one.get("BoundingBox") or EMPTY), *more)


class Brief:
    def __init__(self) -> None:
        self._names = Best()

    def add(self, page: Mapping[str, Any]) -> None:
        for found in page.get("Labels") or ():
            label = found.get("Label") or EMPTY
            self._names.add(label.get("Name"), label.get("Confidence"))

    def values(self) -> tuple[Any, ...]:
        return self._names.top, len(self._names.found)


API = VideoApi(
    name="video-labels",
    operation="StartLabelDetection",
    summary="Things, scenes and actions over time, with boxes for common objects.",
    sights=(people("name", "Person", none=""), Sight("labels in {n} of the films", "no labels in films")),
    meters=("video-labels",),
    params=(
        Param("min_confidence", "float", 50.0, "leave out labels under this confidence (AWS's default: 50)", 0, 100),
        label_filter("include", "only these labels"),
        label_filter("exclude", "not these labels"),
        label_filter("include_categories", "only labels of these categories"),
        label_filter("exclude_categories", "no labels of these categories"),
    ),
    request=request,
    reading={"SortBy": "TIMESTAMP"},
    version=lambda page: page.get("LabelModelVersion"),
    answer_keys=("Labels", "LabelModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="name",
)
