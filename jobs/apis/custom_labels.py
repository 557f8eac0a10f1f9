"""`custom-labels`: labels of a model you trained, by DetectCustomLabels.

The model must run, and is billed by the hour it does, not by the image.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Gist, Image, Limits, Param, Params, Runs
from jobs.apis.columns import EMPTY, TEXT, WHOLE, Columns, as_json, box, column, named, percent, sides, summary
from jobs.apis.moderation import VERSION_ARN
from jobs.apis.sights import Sight
from jobs.items import Item

SCHEMA = Columns(
    [
        column("name", TEXT, "label of your model", "CustomLabels[].Name"),
        percent("confidence", "confidence of the label", "CustomLabels[].Confidence"),
        *box("CustomLabels[].Geometry.BoundingBox"),
        column("polygon", TEXT, "finer outline, JSON list of {X, Y} ratios", "CustomLabels[].Geometry.Polygon[]"),
    ]
)
BRIEF = Columns(
    [
        column("custom_labels", TEXT, "the five most confident labels, with their confidence", "CustomLabels[].Name"),
        column("custom_label_count", WHOLE, "labels found, each box counted", "CustomLabels[]"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    arguments: dict[str, Any] = {"ProjectVersionArn": params["project_version_arn"], "Image": image}
    if params["max_results"] is not None:
        arguments["MaxResults"] = params["max_results"]
    if params["min_confidence"] is not None:
        arguments["MinConfidence"] = params["min_confidence"]
    return arguments


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per label or, of a model that locates objects, per box."""
    for label in response.get("CustomLabels") or ():
        geometry = label.get("Geometry") or EMPTY
        yield (
            label.get("Name"), label.get("Confidence"),
            *sides(geometry.get("BoundingBox") or EMPTY), as_json(geometry.get("Polygon")),
        )  # fmt: skip


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    labels = response.get("CustomLabels") or ()
    return summary(labels), len(labels)


API = Api(
    name="custom-labels",
    operation="DetectCustomLabels",
    summary="Labels and boxes of a Custom Labels model you trained.",
    sights=(Sight("your labels in {n} ({names})", "none of your labels"),),
    meters=(),
    request=request,
    answer_keys=("CustomLabels",),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(2**31 - 1, "labels", lambda r: len(r.get("CustomLabels") or ()), "max_results"),
    params=(
        Param("project_version_arn", "str", None, "ARN of the model version", pattern=VERSION_ARN, required=True),
        Param("max_results", "int", None, "labels per image, the most confident ones (default: all)", 1, 2_147_483_647),
        Param("min_confidence", "float", None, "default: each label's own threshold, found in training", 0, 100),
        Param("units", "int", 1, "inference units the model runs with (AWS's quota: 5)", 1, 100, of_answer=False),
    ),
    limits=Limits(max_bytes=4_194_304),  # botocore, Image.Bytes: 4 MB for DetectCustomLabels; read as MiB
    name_column="name",
    floor="min_confidence",
    golden_params={
        "project_version_arn": "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1767571200000",
        "max_results": 10,
        "min_confidence": 50.0,
        "units": 1,
    },
    runs=Runs("custom-labels-inference", "project_version_arn", "units", tps=5.0),
    assumptions=(
        "Custom Labels is not billed by the image: each inference unit of the running model costs its"
        " custom-labels-inference hours ($4.00 in us-east-1) from start to stop, whether images are sent or not.",
        "An inference unit is taken to answer 5 images a second. AWS publishes no number, as it depends on the model"
        " and the pictures: --tps custom-labels=N says what yours does. Minutes of starting are not in the price.",
    ),
    gist=Gist("labels", lambda r: named(r.get("CustomLabels"))),
)
