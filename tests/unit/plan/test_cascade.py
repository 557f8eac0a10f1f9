"""Prices of APIs under a condition: of all images, and of those a sample says it holds for."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import parse
from jobs.conditions import under_conditions
from jobs.conditions.trying import Tried
from jobs.intervals import share
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan import text
from jobs.plan.build import Counts, Plan, plan
from jobs.plan.cascade import expected_usd, notes, paid_shares, with_shares
from jobs.plan.near import NearSaving
from jobs.plan.pilot import ApiSample, Money, extrapolate
from jobs.words import dollars

WHEN = 'labels has "Person"'
ASKED = under_conditions(parse(["labels,faces"]), [f"faces: {WHEN}"])


def planned(images: int) -> Plan:
    return plan(
        ASKED, Counts(images=images), region="us-east-1", prices=PriceTable.bundled(), quotas=QuotaTable.bundled()
    )


def tried(of: int, held: int, open_: int = 0, groups: tuple[int, ...] = ()) -> Tried:
    return Tried("faces", WHEN, of=of, held=held, open=open_, held_by_group=list(groups or (held,)))


@given(st.integers(1, 3_000_000), st.integers(1, 500), st.data())
def test_a_share_is_between_nothing_and_all_and_so_is_its_price(images: int, of: int, data: st.DataObject) -> None:
    of = min(of, images)
    held = data.draw(st.integers(0, of))
    (faces,) = with_shares(planned(images), [tried(of, held)], "job").conditional
    assert faces.share is not None
    assert faces.all_usd is not None
    assert 0 <= faces.share.low <= faces.share.value <= faces.share.high <= 1
    low, expected, high = (usd or Decimal(0) for usd in faces.usd)
    assert 0 <= low <= expected <= high <= faces.all_usd


def test_of_all_images_the_share_is_exact_and_of_undecided_ones_it_may_be_all() -> None:
    (faces,) = with_shares(planned(100), [tried(100, 25)], "job").conditional
    assert faces.share is not None
    assert (faces.share.low, faces.share.high, faces.usd) == (0.25, 0.25, (Decimal("0.025"),) * 3)
    (faces,) = with_shares(planned(100), [tried(100, 25, 50)], "job").conditional
    assert faces.share is not None
    assert (faces.share.low, faces.share.high) == (0.25, 0.75)


def said_of(images: int, one: Tried) -> str:
    return "\n".join(notes(with_shares(planned(images), [one], "job")))


def test_what_a_pilot_missed_is_exact_where_it_looked_at_all_and_never_said_to_be_nothing_where_not() -> None:
    one = Tried("faces", WHEN, seen=100, of=100, held=25, found=30, missed=3, found_in=20, missed_in=2)
    assert "(3 of 30 rows), in 10 % of images with any" in said_of(100, one)
    assert "in 1.2 % to 32 % of images with any, by 95 %" in said_of(10_000, one)
    clean = replace(one, missed=0, missed_in=0)
    assert "nothing that faces finds there (none of 30 rows), in at most 17 % of images with any" in said_of(
        10_000, clean
    )
    assert "(none of 30 rows), in 0 % of images with any" in said_of(100, clean)


def test_a_pilot_that_finds_nothing_says_nothing_of_misses() -> None:
    none = Tried("faces", WHEN, seen=100, of=100, held=25)
    said = "faces finds nothing on any of 100 images looked at, so"
    assert f"{said} on at most 3.6 % of all, by 95 %: what the condition misses is not known" in said_of(10_000, none)
    assert f"{said} there is nothing to miss" in said_of(100, none)
    assert "finds nothing" not in said_of(10_000, replace(none, unasked=75))  # nobody asked


def test_groups_that_are_all_alike_are_not_certain_of_the_others() -> None:
    built = with_shares(planned(400_000), [tried(10_000, 0, groups=(0,) * 50)], "job", groups=2000)
    (faces,) = built.conditional
    assert faces.share is not None
    assert (faces.share.low, faces.share.high) == (0, share(0, 50, 2000).high)


def test_images_of_one_group_are_alike_so_groups_that_differ_say_less() -> None:
    mixed = with_shares(planned(10**6), [tried(1000, 250, groups=(12, 13) * 10)], "job", groups=2000)
    apart = with_shares(planned(10**6), [tried(1000, 250, groups=(0, 25) * 10)], "job", groups=2000)
    narrow, wide = (found.conditional[0].share for found in (mixed, apart))
    assert narrow is not None
    assert wide is not None
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)


def test_the_price_of_all_goes_by_what_is_answered_too_and_the_pilots_is_the_same() -> None:
    answered = Tried("labels", "", of=400, held=360, held_by_group=[360])
    built = with_shares(planned(1000), [answered, tried(400, 100)], "job")
    row = ApiSample("labels", 360, 40, 0, 0, ())
    usd = extrapolate(built, "job", [row], PriceTable.bundled()).usd
    assert usd.expected == Decimal("1.15")  # 900 and 250
    assert f"With its conditions: {dollars(usd.low)} to {dollars(usd.high)} in all, instead of $2.00." in notes(built)
    assert usd == Money(*expected_usd(built, paid_shares(built)))


def test_of_near_pictures_the_share_is_of_those_that_follow_none() -> None:
    near = NearSaving(600, 4, None)
    built = with_shares(replace(planned(1000), near=near), [tried(400, 100)], "job")
    (faces,) = built.conditional
    assert faces.share is not None
    assert (faces.share.low, faces.share.high) == (0.25, 0.25)  # all of them were looked at
    assert "25 % of images that follow none (--near);" in "\n".join(notes(built))


def test_the_plan_says_the_most_it_can_cost_and_what_nobody_knows() -> None:
    built = planned(1_000_000)
    assert text.price(built)[0] == "at most $1,800.00 for 1,000,000 images"
    assert "not known yet" in "\n".join(notes(built))
    assert built.to_json()["conditions"][0]["share"] is None
    assert "conditions" not in replace(built, conditional=()).to_json()
