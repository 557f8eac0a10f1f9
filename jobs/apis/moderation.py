"""`moderation`: unsafe or unwanted content, by DetectModerationLabels; with an adapter, on the adapter's meter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.apis.base import Api, Gist, Image, Limits, Param, Params
from jobs.apis.columns import TEXT, WHOLE, Column, Columns, Range, column, named, percent, summary
from jobs.apis.sights import Sight
from jobs.items import Item


def label_columns(label: str, content_types: str) -> list[Column]:
    """The columns of `rows`. Arguments: where a label and the kinds of picture stand."""
    return [
        column("name", TEXT, "moderation label", f"{label}.Name"),
        column("parent_name", TEXT, "label above it; empty on the first level", f"{label}.ParentName"),
        column(
            "taxonomy_level", WHOLE, "1 (broad) to 3 (narrow)", f"{label}.TaxonomyLevel", range=Range(1, 3, "1 to 3")
        ),
        percent("confidence", "confidence of the label", f"{label}.Confidence"),
        column(
            "content_types",
            TEXT,
            "kind of picture with its confidence ('Animated Content 88')",
            f"{content_types}[].Name",
        ),
    ]


SCHEMA = Columns(label_columns("ModerationLabels[]", "ContentTypes"))
BRIEF = Columns(
    [
        column("moderation_label", TEXT, "most confident label, the narrower of equals", "ModerationLabels[].Name"),
        percent("moderation_confidence", "its confidence", "ModerationLabels[].Confidence"),
    ]
)
Label = Mapping[str, Any]
# botocore: ProjectVersionId, whose parts are bounded here so that the whole stays under its 2048 characters
VERSION_ARN = (
    r"arn:[a-z0-9-]{1,30}:rekognition:[a-z0-9-]{1,30}:[0-9]{12}:"
    r"project/[a-zA-Z0-9_.\-]{1,255}/version/[a-zA-Z0-9_.\-]{1,255}/[0-9]{1,30}"
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    arguments: dict[str, Any] = {"Image": image, "MinConfidence": params["min_confidence"]}
    if params["project_version"]:
        arguments["ProjectVersion"] = params["project_version"]
    return arguments


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per label; an image without any has none."""
    return rows_of(response.get("ModerationLabels"), response.get("ContentTypes"))


def rows_of(labels: Sequence[Label] | None, kinds: Sequence[Label] | None) -> Iterator[tuple[Any, ...]]:
    """The same of labels and the kinds of picture they were found on."""
    content_types = summary(kinds or ())
    for label in labels or ():
        get = label.get
        yield get("Name"), get("ParentName") or None, get("TaxonomyLevel"), get("Confidence"), content_types


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    labels = response.get("ModerationLabels")
    if not labels:
        return None, None
    best = max(labels, key=lambda label: (label.get("Confidence") or 0, label.get("TaxonomyLevel") or 0))
    return best.get("Name"), best.get("Confidence")


API = Api(
    name="moderation",
    operation="DetectModerationLabels",
    summary="Nudity, violence, drugs, hate symbols and other content to review, by AWS's taxonomy.",
    sights=(Sight("{n} flagged as unsafe", "nothing flagged as unsafe"),),
    meters=("image-group-2",),
    request=request,
    answer_keys=("ModerationLabels", "ModerationModelVersion", "ProjectVersion", "ContentTypes"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    params=(
        Param("min_confidence", "float", 50.0, "leave out labels under this confidence (AWS's default: 50)", 0, 100),
        Param(
            "project_version",
            "str",
            None,
            "ARN of a custom moderation adapter; has a price of its own",
            pattern=VERSION_ARN,
        ),
    ),
    limits=Limits(max_side=10_000),  # limits.html: 10,000 px for DetectModerationLabels
    version_key="ModerationModelVersion",
    name_column="name",
    floor="min_confidence",
    meters_by_params=lambda params: ("custom-moderation",) if params.get("project_version") else ("image-group-2",),
    gist=Gist("flags", lambda r: named(r.get("ModerationLabels"))),
)
