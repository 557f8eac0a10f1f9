"""APIs for stored video: a price and a start have all they need of them."""

import botocore.session
import pytest
from botocore.validate import ParamValidator

from jobs.apis import parse, sort_out, video_catalogue
from jobs.apis.ended import ENDED
from jobs.errors import UsageError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()
NAMES = ("celebrities", "face-search", "faces", "labels", "moderation", "segments", "text")


def asked(name: str) -> str:
    return "video-face-search:collection=people" if name == "video-face-search" else name


def test_there_are_seven() -> None:
    assert set(video_catalogue()) == {f"video-{name}" for name in NAMES}


@pytest.mark.parametrize("api", video_catalogue().values(), ids=lambda api: api.name)
def test_each_has_meters_by_the_minute_and_a_quota(api) -> None:
    (choice,) = sort_out([asked(api.name)]).videos
    assert choice.meters == api.meters
    for meter in api.meters:
        assert (PRICES.unit(meter), PRICES.operations[meter]) == ("minute", (api.operation,))
    assert QUOTAS.tps(api.operation, "us-east-1")
    assert QUOTAS.tps(api.answers, "us-east-1")
    assert QUOTAS.missing(api.operation, "eu-south-2")


def test_segments_are_on_a_meter_for_each_type() -> None:
    (choice,) = sort_out(["video-segments:types=technical-cue"]).videos
    assert choice.meters == ("video-segments-technical-cue",)
    (both,) = sort_out(["video-segments:types=technical-cue+shot"]).videos
    assert both.meters == ("video-segments-shot", "video-segments-technical-cue")


def test_images_and_videos_are_told_apart_in_the_order_given() -> None:
    asked = sort_out(["video-text,labels:max_labels=5,faces", "video-labels"])
    assert [choice.api.name for choice in asked.images] == ["labels", "faces"]
    assert [choice.api.name for choice in asked.videos] == ["video-text", "video-labels"]


@pytest.mark.parametrize("name", video_catalogue())
def test_what_is_sent_is_as_botocore_has_it(name: str) -> None:
    (choice,) = sort_out([asked(name)]).videos
    model = botocore.session.get_session().get_service_model("rekognition")
    start, read = model.operation_model(choice.api.operation), model.operation_model(choice.api.answers)
    video = {"Video": {"S3Object": {"Bucket": "archive", "Name": "film.mp4"}}}
    for operation, told in ((start, video | choice.arguments()), (read, {"JobId": "a" * 64, **choice.api.reading})):
        assert not ParamValidator().validate(told, operation.input_shape).has_errors()


def test_parameters_reach_the_start() -> None:
    (labels, text, segments) = sort_out(
        ["video-labels:min_confidence=70,include=Cat+Dog", "video-text:min_height=0.1", "video-segments:types=shot"]
    ).videos
    assert labels.arguments()["MinConfidence"] == 70
    assert labels.arguments()["Settings"] == {"GeneralLabels": {"LabelInclusionFilters": ["Cat", "Dog"]}}
    assert text.arguments()["Filters"]["WordFilter"] == {"MinConfidence": 80.0, "MinBoundingBoxHeight": 0.1}
    assert segments.arguments() == {"SegmentTypes": ["SHOT"], "Filters": {"ShotFilter": {"MinSegmentConfidence": 50.0}}}


@pytest.mark.parametrize("name", video_catalogue())
def test_what_takes_pictures_refuses_them(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is for stored video"):
        parse(["labels", asked(name)])


@pytest.mark.parametrize("name, date", [("video-persons", "2025-10-31"), ("video-stream", "2026-04-30")])
def test_a_name_that_ended_is_answered_with_what_happened(name: str, date: str) -> None:
    with pytest.raises(UsageError, match=date) as refused:
        sort_out([name])
    assert "video-labels" in refused.value.do
    assert name in ENDED


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("video-segments:types=", "at least 1"),
        ("video-segments:types=scene", "'scene' is not one of shot, technical-cue"),
        ("video-labels:max_labels=70", "no parameter 'max_labels'"),
        ("video-face-search", "needs collection"),
        ("video-label", "no API 'video-label'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(value: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        sort_out([value])
    assert says in refused.value.what
