"""APIs for stored video: a price has all it needs of them, and a scan refuses them."""

import pytest

from jobs.apis import choices_from_json, parse, sort_out, video_catalogue
from jobs.apis.ended import ENDED
from jobs.errors import UsageError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()
NAMES = ("celebrities", "face-search", "faces", "labels", "moderation", "segments", "text")


def test_there_are_seven() -> None:
    assert set(video_catalogue()) == {f"video-{name}" for name in NAMES}


@pytest.mark.parametrize("api", video_catalogue().values(), ids=lambda api: api.name)
def test_each_has_meters_by_the_minute_and_a_quota(api) -> None:
    (choice,) = sort_out([api.name]).videos
    assert choice.meters == api.meters
    for meter in api.meters:
        assert (PRICES.unit(meter), PRICES.operations[meter]) == ("minute", (api.operation,))
    assert QUOTAS.tps(api.operation, "us-east-1")
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
def test_a_scan_refuses_them_and_says_what_prices_them(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: stored video is estimate only in this version") as refused:
        parse(["labels", name])
    assert f"rekscan estimate SOURCE --api {name}" in refused.value.do
    with pytest.raises(UsageError, match="estimate only"):
        choices_from_json([{"name": name, "params": {}}])


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
        ("video-labels:min_confidence=70", "no parameter 'min_confidence'"),
        ("video-label", "no API 'video-label'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(value: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        sort_out([value])
    assert says in refused.value.what
