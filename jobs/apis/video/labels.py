"""`video-labels`: things, scenes and actions of stored video, by StartLabelDetection."""

from typing import Any

from jobs.apis.base import Param, Params, VideoApi
from jobs.apis.labels import label_filter

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


API = VideoApi(
    name="video-labels",
    operation="StartLabelDetection",
    summary="Things, scenes and actions over time, with boxes for common objects.",
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
)
