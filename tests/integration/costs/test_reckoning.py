"""The reckoning on real job folders: the actual equals the plan when nothing failed, and nothing paid is forgotten."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import costs
from jobs.apis import parse
from jobs.codes import Code
from jobs.costs.cap import job_schedule, models_nanousd, nanousd
from jobs.costs.rows import table_of
from jobs.costs.text import costs_parts, text
from jobs.folder import JobFolder, JobSpec
from jobs.money.free_tier import FreeTier
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.outcomes import NOT_ASKED, Outcome
from jobs.plan.build import Counts, plan
from workers.journal.packing import counters_of
from workers.shards.shard import shard_counters

MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1767571200000"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()


def spec_of(apis, images, region="us-east-1", **options):
    choices = parse([apis])
    built = plan(choices, Counts(images=images), region=region, prices=PRICES, quotas=QUOTAS, **options)
    return JobSpec(
        job="20261123-120000-abcd",
        created_at=NOW.isoformat(),
        sources=("/photos",),
        apis=choices,
        region=region,
        account="123456789012",
        items=images,
        shard_size=200,
        quotas={},
        plan=built.document(),
        prices=built.prices.to_json(),
    )


def folder_of(tmp_path, spec):
    folder = JobFolder(str(tmp_path), spec.job)
    folder.create(spec)
    return folder


def ok(item, api, **more):
    return Outcome(item, api, "ok", **{"attempts": 1, "units": 1, "started_at": NOW, "sent": "bytes", **more})


@given(
    st.sampled_from(["labels,faces,text", "labels,properties", "properties", "moderation,labels"]),
    st.integers(0, 6_000_000),
    st.sampled_from([{}, {"image-group-2": 999_999}, {"image-properties": 4_999_990}]),
    st.sampled_from([None, "2026", "2019"]),
)
def test_when_nothing_failed_the_actual_is_the_plan_to_the_last_digit(apis, images, used, free):
    tier = FreeTier.named(free, PRICES) if free else None
    spec = spec_of(apis, images, month_to_date=used, free_tier=tier)
    units = {f"units:{choice.api.name}": images for choice in spec.apis}
    found = costs.reckon(spec, units | {f"ok:{choice.api.name}": images for choice in spec.apis})
    assert found.actual_usd == found.planned_usd
    assert found.complete == spec.plan.complete
    assert [line.actual_usd for line in found.lines] == [line.planned_usd for line in found.lines]
    assert found.maybe_usd == 0


def test_what_could_not_be_decided_is_told_from_what_was_spared_in_every_count(tmp_path):
    spec = spec_of("labels,faces", 4)
    folder = folder_of(tmp_path, spec)
    rows = [ok(0, "labels"), ok(0, "faces"), ok(1, "labels"), Outcome(1, "faces", NOT_ASKED, Code.CONDITION_FALSE)]
    rows += [Outcome(2, "labels", "failed", "Boom"), Outcome(2, "faces", NOT_ASKED, Code.CONDITION_UNKNOWN)]
    rows += [Outcome(3, "labels", "skipped", "empty"), Outcome(3, "faces", NOT_ASKED, Code.CONDITION_UNKNOWN)]
    folder.commit(0, rows)
    by_outcome = {"ok:labels": 2, "failed:labels": 1, "skipped:labels": 1, "ok:faces": 1, "not_asked:faces": 3}
    by_outcome["undecided:faces"] = 2
    for counted in (costs.counters(folder), shard_counters(rows), Counter(counters_of(rows).split())):
        assert {name: counted.get(name) for name in by_outcome} == by_outcome
    faces = costs.reckon(spec, costs.tally(folder)).lines[1]
    assert (faces.spared_usd, faces.calls.not_asked, faces.calls.undecided) == (Decimal("0.001"), 3, 2)


@pytest.mark.parametrize(
    ("apis", "planned", "paid", "not_asked", "spared"),
    [
        ("faces", 9, 3, 6, "0.006"),
        ("faces", 4, 3, 6, "0.001"),  # the others would have had the answers of near pictures
        ("faces", 0, 0, 6, None),  # all were known
        (f"custom-labels:project_version_arn={MODEL}", 4, 3, 6, None),  # its hours are billed, and no call
    ],
)
def test_no_more_is_spared_than_was_planned_and_not_paid(apis, planned, paid, not_asked, spared):
    spec = spec_of(apis, planned)
    name = spec.apis[0].api.name
    counters = {f"ok:{name}": paid, f"units:{name}": paid, f"not_asked:{name}": not_asked}
    (line,) = costs.reckon(spec, counters).lines
    assert line.spared_usd == (None if spared is None else Decimal(spared))
    assert ("spared" in text(costs_parts(costs.reckon(spec, counters)))) == (spared is not None)


def test_a_folder_is_counted_by_what_became_of_each_call(tmp_path):
    spec = spec_of("labels,properties", 4)
    folder = folder_of(tmp_path, spec)
    rows = [ok(0, "labels"), ok(0, "properties"), ok(1, "labels", maybe_billed=1, attempts=2), ok(1, "properties")]
    rows += [Outcome(2, api, "skipped", code="too-small") for api in ("labels", "properties")]
    rows += [Outcome(3, api, "failed", code="Boom", attempts=3, maybe_billed=3, started_at=NOW) for api in ("labels",)]
    rows += [ok(3, "properties", units=0, attempts=0, sent="known", started_at=None)]
    folder.commit(0, rows)
    found = costs.reckon(spec, costs.tally(folder))
    labels, properties = found.lines
    assert labels.calls.to_json() == {
        "ok": 2, "known": 0, "skipped": 1, "failed": 1, "attempts": 6, "units": 2, "maybe_billed": 4,
    }  # fmt: skip
    assert (properties.calls.ok, properties.calls.known, properties.calls.units) == (3, 1, 2)
    assert labels.actual_usd == Decimal("0.002")
    assert labels.maybe_usd == Decimal("0.004")
    assert found.actual_usd == Decimal("0.0035")
    assert costs.counters(folder)["maybe_billed:labels:2026-11"] == 4
    assert costs.reckon(spec, costs.counters(folder)).actual_usd == found.actual_usd


def test_a_retry_replaces_the_outcome_but_not_what_the_try_before_it_cost(tmp_path):
    spec = spec_of("labels", 1)
    folder = folder_of(tmp_path, spec)
    folder.commit(0, [Outcome(0, "labels", "failed", code="ReadTimeout", attempts=2, maybe_billed=2, started_at=NOW)])
    folder.commit(0, [ok(0, "labels")], retry=1)
    (line,) = costs.reckon(spec, costs.tally(folder)).lines
    assert (line.calls.ok, line.calls.failed, line.calls.maybe_billed, line.calls.attempts) == (1, 0, 2, 3)


def test_many_shards_are_counted_whole_whichever_of_them_have_retries(tmp_path):
    spec = spec_of("labels", 150)
    folder = folder_of(tmp_path, spec)
    for shard in range(150):
        folder.commit(shard, [Outcome(shard, "labels", "failed", code="Boom", attempts=1), ok(1000 + shard, "labels")])
        if shard % 3 == 0:
            folder.commit(shard, [ok(shard, "labels")], retry=1)
    counted = costs.tally(folder).by_api()["labels"]
    assert (counted.ok, counted.failed, counted.units, counted.attempts) == (200, 100, 200, 350)


def test_calls_are_billed_in_the_month_they_were_made_in(tmp_path):
    spec = spec_of("labels", 2, month_to_date={"image-group-2": 1_000_000})
    folder = folder_of(tmp_path, spec)
    folder.commit(0, [ok(0, "labels"), ok(1, "labels", started_at=NOW + timedelta(days=10))])
    found = costs.reckon(spec, costs.tally(folder))
    assert list(found.months) == ["2026-11", "2026-12"]
    assert found.actual_usd == Decimal("0.0008") + Decimal("0.001")  # December's tiers start anew


def test_a_plan_laid_over_months_starts_its_month_to_date_there():
    spec = spec_of("labels", 10, month_to_date={"image-group-2": 1_000_000}, start=date(2027, 1, 5))
    assert costs.reckon(spec, {"units:labels": 10}).actual_usd == Decimal("0.008")


def test_maybe_billed_units_walk_the_tiers_after_the_billed_ones():
    spec = spec_of("labels", 1_000_000)
    found = costs.reckon(spec, {"units:labels": 999_999, "maybe_billed:labels": 2})
    assert found.maybe_usd == Decimal("0.001") + Decimal("0.0008")


def test_a_model_costs_the_hours_it_ran_times_its_units_and_nothing_by_the_call():
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/a/version/b/1"
    spec = spec_of(f"custom-labels:project_version_arn={arn},units=2,faces", 5)
    counters = {"units:custom-labels": 5, "ms:custom-labels:2026-11": 5_400_000, "maybe_billed:custom-labels": 1}
    found = costs.reckon(spec, counters)
    assert [(line.meter, line.actual_units, line.actual_usd, line.maybe_usd) for line in found.lines] == [
        ("custom-labels-inference", Decimal("1.5"), Decimal(6), Decimal(0)),
        ("image-group-2", Decimal(0), Decimal(0), Decimal(0)),
    ]
    assert found.complete
    assert models_nanousd(spec, costs.Tallies.of_counters(counters, spec.first_month)) == nanousd(Decimal(6))


def test_a_jobs_cap_is_held_by_the_prices_and_the_month_it_was_planned_with():
    spec = spec_of("labels,properties", 1000, month_to_date={"image-group-2": 999_999})
    schedule = job_schedule(spec)  # image-properties is known up to five million, which is enough
    assert schedule.spent({"image-group-2": 2}) == nanousd(Decimal("0.0018"))
    counters = {"units:labels": 1000, "units:properties": 1000}
    tallies = costs.Tallies.of_counters(counters, spec.first_month)
    assert schedule.so_far(spec.apis, tallies)["cost"] == nanousd(costs.reckon(spec, counters).actual_usd)


def test_an_unknown_price_stays_unknown():
    spec = spec_of("labels", 10, region="eu-south-2")
    found = costs.reckon(spec, {"units:labels": 10})
    assert found.planned_usd is None and found.actual_usd is None and not found.complete
    assert found.to_json()["usd"] == {"planned": None, "actual": None, "maybe": "0"}
    assert table_of(found).column("actual_usd").to_pylist() == [None]


@pytest.mark.parametrize("name", costs.COSTS_SCHEMA.names)
def test_every_column_says_what_it_means(name):
    assert costs.COSTS_SCHEMA.field(name).metadata[b"doc"]


def test_the_table_has_exact_dollars_and_the_walk():
    spec = spec_of("labels,faces", 600_000)
    table = costs.table(spec, {"units:labels": 600_000, "units:faces": 600_000})
    rows = table.to_pylist()
    assert [row["actual_usd"] for row in rows] == [600, 560]
    assert rows[1]["tiers"] == "400,000 x $0.001 + 200,000 x $0.0008"
    assert table.schema == costs.COSTS_SCHEMA
