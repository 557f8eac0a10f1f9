"""Several Regions in a plan: their parts add up, each walks its own tiers, and what fewer would cost stands beside."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import sort_out
from jobs.counts import Counts
from jobs.errors import UsageError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.places import Place
from jobs.plan.build import Plan, plan, side_by_side
from jobs.plan.spread import others
from jobs.plan.text import compare_text, head, notes
from jobs.words import dollars

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()
WEST, IRELAND = Place("us-west-2", "us-west-2"), Place("eu-west-1", "eu-west-1")
STOCKHOLM = Place("eu-north-1", "eu-north-1")  # nothing
FEW = Place("ca-central-1", "ca-central-1")  # faces alone


def built(apis: str, counts: Counts, *places: Place, **more: Any) -> Plan:
    return side_by_side(
        places,
        PRICES,
        lambda some: plan(
            sort_out([apis], whole=False).images,
            counts,
            region="us-east-1",
            prices=PRICES,
            quotas=QUOTAS,
            places=some,
            **more,
        ),
    )


@given(st.integers(0, 50_000_000), st.integers(0, 2_000_000), st.sampled_from([(), (WEST,), (WEST, IRELAND)]))
def test_each_place_walks_its_own_tiers_and_their_units_add_up(
    images: int, used: int, places: tuple[Place, ...]
) -> None:
    found = built("labels,faces", Counts(images=images), *places, month_to_date={"image-group-2": used})
    for api in ("labels", "faces"):
        assert sum(line.units for line in found.lines if line.api == api) == images
    names = ("", *(place.name for place in places))
    at = {name: sum(line.units for line in found.lines if line.place == name) for name in names}
    each = [PRICES.price("image-group-2", found.region_of(p), n, 0 if p else used).usd for p, n in at.items()]
    assert found.total == sum((usd for usd in each if usd is not None), Decimal(0))


def test_two_regions_take_half_the_time_and_what_their_tiers_cost_more_stands_beside_one() -> None:
    found = built("moderation", Counts(images=2_500_000), WEST)
    one, two = found.by_regions
    assert (one.regions, one.tps, one.usd) == (("us-east-1",), 50, Decimal(2200))
    assert (two.regions, two.tps, two.usd) == (("us-east-1", "us-west-2"), 100, Decimal(2400))
    assert (one.seconds, two.seconds) == (50_000, 25_000) == (50_000, found.duration_s)
    assert any("us-east-1, us-west-2" in line and "$2,400.00" in line for line in notes(found))
    assert built("moderation", Counts(images=2_500_000)).by_regions == ()


def test_calls_are_laid_over_months_at_the_rate_of_each_place() -> None:
    counts = Counts(images=50_000_000)
    found = built("labels", counts, WEST, start=date(2026, 11, 25), tps={"labels": 40})
    assert found.duration_s == 50_000_000 / 80
    months = [{line.place: line.units for line in month.lines} for month in found.months]
    assert [list(month) for month in months] == [["", "us-west-2"]] * 2
    assert sum(units for month in months for units in month.values()) == 50_000_000


def test_objects_on_s3_that_go_elsewhere_are_priced_as_transfer_of_their_share() -> None:
    counts = Counts(images=1000, s3_images=1000, s3_items=1000, bytes=10 * 10**9)
    found = built("labels,faces", counts, WEST, IRELAND, tps={"labels": 50, "faces": 50})
    # Of both calls two thirds are made elsewhere, with 10 GB in all.
    assert [dollars(one.transfer_usd) for one in found.by_regions] == ["$0.00", "$0.20", "$0.2667"]
    assert any("taken to be in us-east-1" in line for line in found.assumptions)


def test_a_region_without_an_api_is_left_out_for_it_and_what_is_bound_to_one_stays() -> None:
    found = built("labels,faces,compare-faces", Counts(images=900), WEST, FEW)
    assert {line.place for line in found.lines if line.api == "compare-faces"} == {""}
    assert "Asked in us-east-1 alone: compare-faces." in found.assumptions
    assert "Left out in ca-central-1, which has no such API: labels." in found.assumptions
    assert {line.place for line in found.lines if line.api == "labels"} == {"", "us-west-2"}
    assert {line.place for line in found.lines if line.api == "faces"} == {"", "us-west-2", "ca-central-1"}


def test_a_region_without_rekognition_is_left_out_and_takes_no_call_and_the_plan_says_so() -> None:
    found = built("labels", Counts(images=900), STOCKHOLM, WEST, tps={"labels": 40})
    left_out = f"Left out: eu-north-1 is not in the list of Regions with Rekognition ({QUOTAS.as_of})."
    assert (found.left_out, head(found)) == ((left_out,), [left_out])
    assert {line.place: line.units for line in found.lines} == {"": 450, "us-west-2": 450}
    assert [one.regions for one in found.by_regions] == [("us-east-1",), ("us-east-1", "us-west-2")]
    assert (found.regions, found.duration_s) == (("us-east-1", "us-west-2"), 900 / 80)
    assert f"labels: {left_out}" in compare_text([("labels", found), ("faces", found)])
    alone = built("labels", Counts(images=900), STOCKHOLM)
    assert (alone.regions, alone.by_regions, alone.left_out) == (("us-east-1",), (), (left_out,))


def test_a_plan_in_a_region_without_rekognition_alone_says_why_it_knows_no_price() -> None:
    alone = plan(sort_out(["labels"]).images, Counts(images=9), region="eu-north-1", prices=PRICES, quotas=QUOTAS)
    (said,) = alone.left_out
    assert said == f"{QUOTAS.unlisted('eu-north-1')}: its prices and quotas are not known."
    assert head(alone) == [said] and said in alone.assumptions


def test_a_region_that_service_quotas_has_is_asked_whatever_the_list_says() -> None:
    read = QUOTAS.with_rates("eu-north-1", {"DetectLabels": 7}, source="Service Quotas", as_of="2026-11-28")
    choices = sort_out(["labels,faces"], whole=False).images
    found = others([STOCKHOLM, Place("eu-north-1/b", "eu-north-1", profile="b")], choices, "us-east-1", read, {})
    ((only,), left_out) = found.places, found.left_out
    assert (only.name, only.quotas, only.exact) == ("eu-north-1", {"DetectLabels": 7}, ("DetectLabels",))
    assert left_out[0] == "Left out in eu-north-1, which has no such API: faces."


def test_the_first_region_has_all_that_is_asked_and_where_none_has_an_api_that_is_an_error() -> None:
    choices = sort_out(["faces,labels"], whole=False).images
    for first, places, says, do in (
        (
            "ca-central-1",
            (WEST,),
            "all is asked in the first of several Regions, and Amazon Rekog",
            "first, as us-west",
        ),
        ("eu-north-1", (WEST,), "and eu-north-1 is not in the list", "Name another one first, as us-west-2."),
        ("ca-central-1", (STOCKHOLM,), "none of these Regions has labels: ca-central-1, eu-north-1", "others: us-east"),
    ):
        with pytest.raises(UsageError) as caught:
            others(places, choices, first, QUOTAS, {})
        assert says in caught.value.what and do in caught.value.do


@given(
    st.lists(st.sampled_from([WEST, IRELAND, FEW, STOCKHOLM]), max_size=4, unique_by=lambda one: one.name),
    st.integers(1, 10**6),
)
def test_the_rate_shown_is_the_sum_of_those_by_which_calls_are_shared_out(places: list[Place], images: int) -> None:
    found = built("labels,faces", Counts(images=images), *places)
    for rate in found.rates:
        at = {line.place: line.units for line in found.lines if line.operation == rate.operation}
        assert set(at) == set(rate.at or {""})
        assert rate.tps == sum(tps or 0 for tps in (rate.at or {"": rate.tps}).values())
        for place, tps in rate.at.items():
            assert abs(float(at[place]) - images * (tps or 0) / (rate.tps or 1)) <= 1


def test_where_all_is_bound_to_one_place_several_are_refused() -> None:
    with pytest.raises(UsageError, match="compare-faces can be asked in one Region of one account alone"):
        built("compare-faces", Counts(images=9), WEST)
