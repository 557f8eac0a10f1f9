"""`moderation`: unsafe or unwanted content, by DetectModerationLabels; with an adapter, on the adapter's meter."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from jobs.apis.base import Api, Image, Limits, Param, Params
from jobs.apis.columns import TEXT, WHOLE, column, percent, summary
from jobs.apis.sights import Sight
from jobs.items import Item

SCHEMA = pa.schema(
    [
        column("name", TEXT, "moderation label", "ModerationLabels[].Name"),
        column("parent_name", TEXT, "label above it; empty on the first level", "ModerationLabels[].ParentName"),
        column("taxonomy_level", WHOLE, "1 (broad) to 3 (narrow)", "ModerationLabels[].TaxonomyLevel"),
        percent("confidence", "confidence of the label", "ModerationLabels[].Confidence"),
        column(
            "content_types", TEXT, "kind of picture with its confidence ('Animated Content 88')", "ContentTypes[].Name"
        ),
    ]
)
BRIEF = pa.schema(
    [
        column("moderation_label", TEXT, "most confident label, the narrower of equals", "ModerationLabels[].Name"),
        percent("moderation_confidence", "its confidence", "ModerationLabels[].Confidence"),
    ]
)
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
    content_types = summary(response.get("ContentTypes") or ())
    for label in response.get("ModerationLabels") or ():
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
    schema=SCHEMA,
    brief=brief,
    brief_schema=BRIEF,
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
    meters_by_params=lambda params: ("custom-moderation",) if params.get("project_version") else ("image-group-2",),
)
