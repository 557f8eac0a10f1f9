"""An archive and a stream of new images, by calendar month."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import parse
from jobs.errors import UsageError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan import text
from jobs.plan.build import Counts, plan
from jobs.plan.stream import MonthlyStream, next_month

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()
START = date(2026, 12, 1)


def make(images, stream, apis="labels", start=START, **options):
    return plan(
        parse([apis]), Counts(images=images), region="us-east-1", prices=PRICES, quotas=QUOTAS, start=start,
        stream=stream, **options,
    )  # fmt: skip


def alone(images, apis="labels"):
    """The price of so many images in a month of their own."""
    return plan(parse([apis]), Counts(images=images), region="us-east-1", prices=PRICES, quotas=QUOTAS).total


def test_each_month_walks_its_tiers_from_the_bottom_and_the_archive_comes_on_top():
    built = make(1_500_000, MonthlyStream(1_200_000, 3))
    assert [month.month for month in built.months] == ["2026-12", "2027-01", "2027-02"]
    assert [month.usd for month in built.months] == [alone(2_700_000), alone(1_200_000), alone(1_200_000)]
    assert built.total == sum(month.usd for month in built.months)


def test_the_archive_is_laid_over_its_months_at_its_rate():
    archive = 3 * 31 * 86_400 * 50  # DetectLabels takes 50 a second
    built = make(archive, MonthlyStream(100, 2))
    assert [month.lines[0].units for month in built.months] == [
        31 * 86_400 * 50 + 100, 31 * 86_400 * 50 + 100, 28 * 86_400 * 50, 3 * 86_400 * 50,
    ]  # fmt: skip
    assert built.rates[0].calls == archive  # the duration is the archive's


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(1, 30), st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_every_image_is_in_a_month(images, monthly, months, start):
    stream = MonthlyStream(monthly, months)
    built = make(images, stream, "labels,faces", start)
    for line in range(2):
        assert sum(month.lines[line].units for month in built.months) == images + monthly * months
    assert [month.month for month in built.months][:months] == stream.names(start)
    assert built.total == sum(month.usd for month in built.months)


def test_what_is_known_is_left_out_of_the_archive_alone():
    built = make(1000, MonthlyStream(10, 2), known=400, copies=300)
    assert built.lines[0].units == 620
    assert (built.known, built.copies, built.earlier) == (400, 300, 100)


def test_stored_faces_grow_month_by_month():
    built = make(0, MonthlyStream(1000, 3, Decimal("1.5")), "index-faces:collection=people")
    _, stored = built.lines
    assert (stored.api, stored.meter) == ("index-faces storage", "face-vectors")
    assert [month.lines[1].units for month in built.months] == [750, 2250, 3750]  # half of a month's own
    assert any("1.5 faces in the collection" in line for line in built.assumptions)


@pytest.mark.parametrize("months", [0, -1, 1201])
def test_a_stream_has_some_months(months):
    with pytest.raises(UsageError, match="--months"):
        MonthlyStream(1, months)


@pytest.mark.parametrize(("today", "first"), [("2026-11-28", "2026-12-01"), ("2026-12-01", "2027-01-01")])
def test_months_begin_with_the_next_unless_somebody_says(today, first):
    assert next_month(date.fromisoformat(today)) == date.fromisoformat(first)


def test_the_price_comes_with_at_most_three_lines_of_what_drives_it():
    total, *drivers = text.price(make(10_000, MonthlyStream(100, 12), "labels,faces,text,moderation"))
    assert total.startswith("$44.80 for 10,000 images, 100 images a month for 12 months, 2026-12 to 2027-11")
    assert [line.split()[0] for line in drivers] == ["labels", "faces", "2"]
    assert drivers[-1].split()[-1] == "$22.40"


def test_copies_and_earlier_answers_are_told_apart_in_the_head():
    built = make(311, None, start=None, known=200, copies=156)
    assert text.head(built) == [
        "156 of 311 are copies of others (same ETag), paid once.",
        "44 calls answered by earlier jobs, not paid again (--again pays again).",
    ]
    assert not any("copies" in line or "earlier jobs" in line for line in built.assumptions)


def test_a_plan_for_the_emulator_takes_as_long_as_that_does():
    on_aws = make(44, None, "labels,faces", start=None)
    here = on_aws.emulated(2)
    assert (on_aws.duration_s, here.duration_s) == (0.88, 11.0)
    assert text.notes(here)[0] == "Duration: about 11 s, as fast as the bundled emulator is on this machine"
    assert here.total == on_aws.total
