"""`labels`: things, scenes and actions, by DetectLabels with GENERAL_LABELS."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Gist, Image, Limits, Param, Params
from jobs.apis.columns import (
    EMPTY,
    TEXT,
    WHOLE,
    Columns,
    box,
    column,
    highest,
    named,
    names,
    numbered,
    percent,
    several,
    sides,
    summary,
)
from jobs.apis.sights import Sight, people
from jobs.items import Item

SCHEMA = Columns(
    [
        column("name", TEXT, "label in Rekognition's vocabulary", "Labels[].Name"),
        percent("confidence", "confidence that the label is in the image", "Labels[].Confidence"),
        numbered("instance", "which box of this label; null: no box is given", "Labels[].Instances[]"),
        percent("instance_confidence", "confidence of this box", "Labels[].Instances[].Confidence"),
        *box("Labels[].Instances[].BoundingBox"),
        column(
            "instance_color",
            TEXT,
            "main colour of the boxed object as #rrggbb; only where properties shared the call",
            "Labels[].Instances[].DominantColors[].HexCode",
        ),
        several("parents", "parent labels", "Labels[].Parents[].Name"),
        several("aliases", "other names of the label", "Labels[].Aliases[].Name"),
        several("categories", "categories of the label", "Labels[].Categories[].Name"),
    ]
)
BRIEF = Columns(
    [
        column("top_labels", TEXT, "the five most confident labels, with their confidence", "Labels[].Name"),
        column("label_count", WHOLE, "labels found", "Labels[]"),
    ]
)
_FILTERS = {  # our parameter -> member of DetectLabels' Settings.GeneralLabels
    "include": "LabelInclusionFilters",
    "exclude": "LabelExclusionFilters",
    "include_categories": "LabelCategoryInclusionFilters",
    "exclude_categories": "LabelCategoryExclusionFilters",
}
_FILTER_PATTERN = r"[A-Za-z0-9àâèçñó'-_(). ]{0,50}"  # botocore: GeneralLabelsFilterValue


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "Image": image,
        "Features": ["GENERAL_LABELS"],
        "MinConfidence": params["min_confidence"],
        "MaxLabels": params["max_labels"],
    }
    filters = {aws: list(params[ours]) for ours, aws in _FILTERS.items() if params[ours]}
    if filters:
        arguments["Settings"] = {"GeneralLabels": filters}
    return arguments


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per box of a label, one row for a label without boxes."""
    for label in response.get("Labels") or ():
        get = label.get
        name, confidence = get("Name"), get("Confidence")
        parents, aliases, categories = get("Parents"), get("Aliases"), get("Categories")
        parents = names(parents) if parents else None
        aliases = names(aliases) if aliases else None
        categories = names(categories) if categories else None
        instances = get("Instances")
        if not instances:
            yield name, confidence, None, None, None, None, None, None, None, parents, aliases, categories
            continue
        for number, one in enumerate(instances, 1):
            left, top, width, height = sides(one.get("BoundingBox") or EMPTY)
            colors = one.get("DominantColors")
            color = highest(colors, "PixelPercent")[0].get("HexCode") if colors else None
            yield (
                name, confidence, number, one.get("Confidence"), left, top, width, height, color,
                parents, aliases, categories,
            )  # fmt: skip


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    labels = response.get("Labels") or ()
    return summary(labels), len(labels)


def label_filter(name: str, what: str) -> Param:
    """One of the four that images and films share."""
    help = f"{what}, exact names joined by +, 100 at most of 50 characters each"
    return Param(name, "list", [], help, pattern=_FILTER_PATTERN, most=100)


API = Api(
    name="labels",
    operation="DetectLabels",
    summary="Things, scenes and actions, with boxes for common objects.",
    sights=(people("name", "Person", none=""), Sight("labels in {n} ({names})", "no labels")),
    meters=("image-group-2",),
    request=request,
    answer_keys=("Labels", "LabelModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(1000, "labels", lambda r: len(r.get("Labels") or ()), "max_labels"),
    params=(
        Param("min_confidence", "float", 55.0, "leave out labels under this confidence (AWS's default: 55)", 0, 100),
        Param(
            "max_labels",
            "int",
            1000,
            "labels per image, the most confident ones (AWS's default and cap: 1000)",
            1,
            1000,
        ),
        label_filter("include", "only these labels"),
        label_filter("exclude", "not these labels"),
        label_filter("include_categories", "only labels of these categories"),
        label_filter("exclude_categories", "no labels of these categories"),
    ),
    limits=Limits(max_side=10_000),  # limits.html: 10,000 px for DetectLabels
    version_key="LabelModelVersion",
    name_column="name",
    floor="min_confidence",
    shares=True,
    gist=Gist("labels", lambda r: named(r.get("Labels"))),
)
