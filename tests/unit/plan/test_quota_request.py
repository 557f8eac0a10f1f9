"""What to ask AWS for, so that a plan is done in time: enough in all, and no more than it takes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import sort_out
from jobs.counts import Counts
from jobs.errors import UsageError
from jobs.money.prices import PriceTable
from jobs.money.quota_names import Named
from jobs.money.quotas import QuotaTable
from jobs.places import Place
from jobs.plan.build import Plan, plan
from jobs.plan.quota_request import quota_request

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()


def planned(images: int, *regions: str, apis: str = "moderation,faces") -> Plan:
    places = tuple(Place(region, region) for region in regions)
    return of(images, places, apis)


def of(images: int, places: tuple[Place, ...], apis: str) -> Plan:
    choices, counts = sort_out([apis], whole=False).images, Counts(images=images)
    return plan(choices, counts, region="us-east-1", prices=PRICES, quotas=QUOTAS, places=places)


@given(
    st.integers(1, 50_000_000),
    st.decimals("0.5", 200, places=1),
    st.sampled_from([(), ("us-west-2",), ("us-west-2", "eu-central-1")]),
)
def test_with_it_the_scan_is_done_in_time_and_with_one_call_a_second_less_anywhere_it_is_not(
    images: int, hours: Decimal, regions: tuple[str, ...]
) -> None:
    found = quota_request(planned(images, *regions), hours, {})
    rows = [*found.increases, *found.enough]
    assert {(one.region, one.operation) for one in rows} == {
        (region, operation)
        for region in ("us-east-1", *regions)
        for operation in ("DetectModerationLabels", "DetectFaces")
    }
    for one in rows:
        assert one.calls <= one.wanted * hours * 3600
        assert one.calls > (one.wanted - 1) * hours * 3600
    assert all(one.now is None or one.now < one.wanted for one in found.increases)
    assert sum(one.calls for one in rows if one.operation == "DetectFaces") >= images


def test_the_text_says_what_aws_asks_images_a_day_peak_and_regions_and_how_to_send_it() -> None:
    codes = {"us-east-1": {"DetectModerationLabels": Named("L-AAAA1111", "TPS of DetectModerationLabels")}}
    found = quota_request(planned(10_000_000, "us-west-2", apis="moderation"), Decimal(20), codes)
    assert found.images_a_day == 10_000_000
    for words in (
        "us-east-1  DetectModerationLabels                  50      70  L-AAAA1111",
        "us-west-2  DetectModerationLabels                  50      70  ?",
        "Images a day: 10,000,000, in 20 hours.",
        "Regions: us-east-1, us-west-2.",
        "DetectModerationLabels 70/s in us-east-1",
        "--service-code rekognition --quota-code L-AAAA1111 --desired-value 70 --region us-east-1",
        "--service-code rekognition --quota-code CODE --desired-value 70 --region us-west-2",
    ):
        assert words in found.text
    document = found.to_json()
    assert document["requests"][0] == {
        "region": "us-east-1", "profile": None, "operation": "DetectModerationLabels", "quota_code": "L-AAAA1111",
        "quota_name": "TPS of DetectModerationLabels", "tps_now": 50, "desired_value": 70, "peak_tps": 70,
        "calls": 5_000_000,
    }  # fmt: skip
    assert document["requests"][1]["quota_code"] is None
    assert quota_request(planned(10_000_000), Decimal(240), {}).images_a_day == 1_000_000


def test_each_account_asks_for_its_own_with_its_profile_and_knows_nothing_of_the_others_names() -> None:
    west, b, both = Place("us-west-2", "us-west-2"), "us-east-1/b", "us-west-2/b"
    places = (west, Place(b, "us-east-1", profile="b"), Place(both, "us-west-2", profile="b"))
    found = quota_request(of(10_000_000, places, "moderation"), Decimal(12), {}, "a")
    assert [(one.region, one.profile, one.wanted) for one in found.increases] == [
        (region, profile, 58) for profile in "ab" for region in ("us-east-1", "us-west-2")
    ]
    assert found.to_json()["regions"] == ["us-east-1", "us-west-2"]
    first, second = found.text.split("Quota increase for Amazon Rekognition, in the account of the profile ")[1:]
    for text, profile, other in ((first, "a", "b"), (second, "b", "a")):
        assert text.startswith(f"{profile}\n")
        assert "An archive of 10,000,000 images is analysed once, 5,000,000 of them in this account, each" in text
        assert "Images a day: 5,000,000, in 12 hours." in text
        assert "Regions: us-east-1, us-west-2.\n" in text
        assert text.count(f"--profile {profile}") == 2
        assert f"--profile {other}" not in text and "/b" not in text
    assert "--region us-east-1 --profile a" in quota_request(planned(10**8), Decimal(12), {}, "a").text


def test_what_is_as_fast_as_its_model_needs_units_and_no_quota() -> None:
    found = quota_request(planned(10_000_000, apis="custom-labels,labels"), Decimal(12), {})
    assert {one.operation for one in found.increases} == {"DetectLabels"}
    assert found.text.endswith("custom-labels: as fast as its model, so with more units (`units=2`), not a quota.")
    with pytest.raises(UsageError, match="custom-labels: as fast as its model, whatever the quota"):
        quota_request(planned(10, apis="custom-labels"), Decimal(12), {})


def test_where_the_quotas_are_high_enough_nothing_is_asked_for() -> None:
    found = quota_request(planned(1000), Decimal(24), {})
    assert found.text == "No increase is needed: at the quotas in use it takes 20 s, of 24 hours."
    assert (found.increases, found.to_json()["requests"]) == ((), [])


def test_a_region_that_is_left_out_is_told_in_the_words_of_the_plan() -> None:
    asked = planned(10_000_000, "eu-north-1")
    found = quota_request(asked, Decimal(8), {})
    assert {one.region for one in found.increases} == {"us-east-1"}
    assert found.text.startswith(f"Left out: {QUOTAS.unlisted('eu-north-1')}.\n\nQuota increase")
    assert found.to_json()["left_out"] == list(asked.left_out)


def test_no_time_and_nothing_to_do_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--within 0: hours are 0\.01 or more"):
        quota_request(planned(10), Decimal(0), {})
    with pytest.raises(UsageError, match="no calls on images"):
        quota_request(planned(0), Decimal(1), {})
