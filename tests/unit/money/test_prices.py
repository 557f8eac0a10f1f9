"""Prices: tiers are walked unit by unit, splitting changes nothing, and an unknown price is never $0."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import parse
from jobs.costs import Tallies
from jobs.costs.cap import BEYOND_ANY_CAP, cap_schedule, nanousd
from jobs.errors import RekscanError
from jobs.money.free_tier import FreeTier, Month
from jobs.money.prices import PriceTable, money

TABLE = PriceTable.bundled()
PRICED = [(m.name, region) for m in TABLE.meters.values() for region in m.regions]
meters = st.sampled_from(PRICED)
units = st.integers(min_value=0, max_value=60_000_000)


@given(meters, units, units, units)
def test_splitting_a_scan_never_changes_its_price(priced, a, b, used):
    whole = TABLE.price(*priced, a + b, used).usd
    first, second = TABLE.price(*priced, a, used).usd, TABLE.price(*priced, b, used + a).usd
    assert whole == (None if first is None or second is None else first + second)


@given(meters, units, units)
def test_every_line_is_units_times_price_and_lines_add_up(priced, count, used):
    line = TABLE.price(*priced, count, used)
    assert sum(tier.units for tier in line.tiers) == count
    assert all(tier.usd == tier.units * tier.usd_each for tier in line.tiers if tier.usd is not None)
    if line.usd is not None:
        assert line.usd == sum(tier.usd for tier in line.tiers)


@given(meters, st.integers(1, 3000), st.integers(0, 40_000_000))
def test_the_walk_prices_each_unit_by_the_running_total_it_falls_on(priced, count, used):
    tiers = TABLE.tiers(*priced)
    at_edges = sorted({t.start for t in tiers if used < t.start < used + count} | {used, used + count})
    slow = Decimal(0)
    for low, high in pairwise(at_edges):
        tier = next((t for t in tiers if t.start <= low and (t.end is None or low < t.end)), None)
        slow += (high - low) * (tier.usd if tier else Decimal("NaN"))
    line = TABLE.price(*priced, count, used)
    assert (line.usd is None and slow.is_nan()) or line.usd == slow


def test_two_and_a_half_million_images_walk_two_tiers():
    line = TABLE.price("image-group-2", "us-east-1", 2_500_000)
    assert [(tier.units, money(tier.usd_each), money(tier.usd)) for tier in line.tiers] == [
        (1_000_000, "0.001", "1000"),
        (1_500_000, "0.0008", "1200"),
    ]
    assert line.usd == 2200


def test_month_to_date_moves_the_walk_on():
    assert TABLE.price("image-group-2", "us-east-1", 200_000, used=900_000).usd == 100 + 80


def test_units_past_the_last_known_tier_have_no_price():
    line = TABLE.price("image-properties", "us-east-1", 6_000_000)
    assert line.usd is None
    assert line.unknown == 1_000_000
    assert line.tiers[-1].usd_each is None
    assert TABLE.price("image-properties", "us-east-1", 5_000_000).usd == 750 + 2400


@pytest.mark.parametrize("meter, region", [("image-group-2", "eu-south-2"), ("video-labels", "sa-east-1"), ("no", "x")])
def test_a_region_or_meter_without_a_price_is_unknown(meter, region):
    assert TABLE.price(meter, region, 10).usd is None
    assert TABLE.price(meter, region, 0).usd == 0


def test_the_bundled_table_says_source_date_and_what_its_confidence_means():
    assert TABLE.source and TABLE.as_of == "2026-09-11"
    assert {t.confidence for m in TABLE.meters.values() for r in m.regions.values() for t in r} <= set(TABLE.confidence)


def test_a_table_survives_being_written_and_read(tmp_path):
    import orjson

    path = tmp_path / "prices.json"
    path.write_bytes(orjson.dumps(TABLE.to_json()))
    assert PriceTable.load(path) == TABLE


@pytest.mark.parametrize(
    "tiers",
    [
        [{"from": 0, "to": None, "usd": 0.001, "confidence": "x"}],  # float money
        [{"from": 0, "to": None, "usd": "-1", "confidence": "x"}],
        [{"from": 0, "to": None, "usd": "NaN", "confidence": "x"}],
        [{"from": 0, "to": 20, "usd": "1", "confidence": "x"}, {"from": 10, "to": None, "usd": "1", "confidence": "x"}],
    ],
)
def test_a_broken_table_is_refused(tmp_path, tiers):
    import orjson

    path = tmp_path / "prices.json"
    meter = {"unit": "image", "regions": {"us-east-1": tiers}}
    path.write_bytes(orjson.dumps({"source": "me", "as_of": "2026-01-01", "meters": {"m": meter}}))
    with pytest.raises(RekscanError, match="not a price table"):
        PriceTable.load(path)


# --- free tier


@given(st.lists(units, max_size=5))
def test_free_units_come_first_and_splitting_changes_nothing(parts):
    free = FreeTier.named("2026", TABLE)
    whole = Month(TABLE, "us-east-1", {}, free).price("image-group-2", sum(parts)).usd
    month = Month(TABLE, "us-east-1", {}, free)
    assert sum((month.price("image-group-2", part).usd for part in parts), Decimal(0)) == whole
    assert whole == TABLE.price("image-group-2", "us-east-1", max(0, sum(parts) - 1000)).usd


def test_the_2019_pool_is_shared_by_all_image_apis_and_leaves_properties_out():
    month = Month(TABLE, "us-east-1", {}, FreeTier.named("2019", TABLE))
    assert month.price("image-group-1", 3000).usd == 0
    assert month.price("image-group-2", 3000).usd == 1
    assert month.price("image-properties", 1000).usd == Decimal("0.75")


def test_what_was_used_before_has_used_up_the_free_units():
    month = Month(TABLE, "us-east-1", {"image-group-2": 1000}, FreeTier.named("2026", TABLE))
    assert month.price("image-group-2", 1000).usd == 1


# --- cap


@given(units, units, st.integers(0, 40_000_000))
def test_the_cap_spends_what_the_price_table_says(labels, faces, used):
    schedule = cap_schedule(parse(["labels,faces"]), "us-east-1", TABLE, {"image-group-2": used})
    spent = schedule.spent({"image-group-2": labels + faces})
    assert spent == nanousd(TABLE.price("image-group-2", "us-east-1", labels + faces, used).usd)
    assert spent + schedule.next({"image-group-2": labels + faces}, "faces") == schedule.spent(
        {"image-group-2": labels + faces + 1}
    )


def test_a_shared_call_counts_on_both_meters():
    schedule = cap_schedule(parse(["labels,properties"]), "us-east-1", TABLE, planned={"image-properties": 10})
    assert schedule.requests["labels+properties"] == {"image-group-2": 1, "image-properties": 1}
    assert schedule.next({}, "labels+properties") == nanousd(Decimal("0.00175"))
    assert schedule.next({"image-properties": 5_000_000}, "labels+properties") > BEYOND_ANY_CAP


@pytest.mark.parametrize("planned", [None, {"image-properties": 5_000_001}])
def test_no_cap_over_a_price_that_is_not_known(planned):
    with pytest.raises(RekscanError, match="cap cannot be held"):
        cap_schedule(parse(["properties"]), "us-east-1", TABLE, planned=planned)
    with pytest.raises(RekscanError, match="not known"):
        cap_schedule(parse(["labels"]), "eu-south-2", TABLE)


def test_a_resumed_job_goes_on_from_what_it_has_spent():
    choices = parse(["labels,faces"])
    schedule = cap_schedule(choices, "us-east-1", TABLE)
    counters = {"units:labels": 3, "maybe_billed:labels": 1, "units:faces": 2, "ok:faces": 2}
    spent = schedule.so_far(choices, Tallies.of_counters(counters, "2026-11"))
    assert spent == {"m:2026-11:image-group-2": 6, "cost": nanousd(Decimal("0.006"))}


def test_units_of_another_month_begin_at_the_first_tier():
    choices = parse(["labels"])
    schedule = cap_schedule(choices, "us-east-1", TABLE, {"image-group-2": 1_000_000}, first="2026-11")
    counters = {"units:labels:2026-11": 2, "maybe_billed:labels:2026-12": 3}
    spent = schedule.so_far(choices, Tallies.of_counters(counters, "2026-11"))
    assert spent["cost"] == nanousd(2 * Decimal("0.0008") + 3 * Decimal("0.001"))


@given(st.integers(0, 40_000), st.integers(0, 40_000_000))
def test_the_reach_of_a_cap_is_the_last_image_it_can_pay_for(dollars, used):
    schedule = cap_schedule(parse(["labels,faces"]), "us-east-1", TABLE, {"image-group-2": used})
    reach = schedule.reach(nanousd(Decimal(dollars)))
    assert TABLE.price("image-group-2", "us-east-1", reach, used).usd <= dollars
    assert TABLE.price("image-group-2", "us-east-1", reach + 1, used).usd > dollars


def test_a_request_that_costs_nothing_by_the_call_has_no_reach():
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/a/version/b/1"
    asked = parse([f"custom-labels:project_version_arn={arn},labels"])
    assert cap_schedule(asked, "us-east-1", TABLE).reach(1) is None


def test_every_bundled_price_is_whole_in_nanodollars():
    prices = [tier.usd for m in TABLE.meters.values() for tiers in m.regions.values() for tier in tiers]
    assert all(price * 10**9 == int(price * 10**9) for price in prices)
