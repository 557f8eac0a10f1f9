"""How long a model ran, by month and times its units."""

from datetime import UTC, datetime

from jobs.folder.models import ModelRun, ModelStart, ModelStop

START = ModelStart(1, "custom-labels", "arn", 2, datetime(2026, 12, 31, 23, tzinfo=UTC))
HOUR_MS = 3_600_000


def test_its_hours_fall_into_the_months_it_ran_in() -> None:
    run = ModelRun(START, ModelStop(datetime(2027, 2, 1, 3, tzinfo=UTC)))
    found = list(run.unit_ms(datetime(2028, 1, 1, tzinfo=UTC)))
    assert found == [("2026-12", 2 * HOUR_MS), ("2027-01", 31 * 24 * 2 * HOUR_MS), ("2027-02", 3 * 2 * HOUR_MS)]


def test_one_without_a_stop_runs_until_now() -> None:
    assert list(ModelRun(START, None).unit_ms(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))) == [("2026-12", HOUR_MS)]
