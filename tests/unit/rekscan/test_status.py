"""A job as `status` and `jobs` show it: who was paid, how many calls, how long still."""

from pathlib import Path

import pytest

from jobs.folder import JobFolder, JobSpec
from jobs.status import Status, status
from rekscan.console.status import job_row, progress, status_line, status_notes
from tests.support.old_jobs import FIXTURES

ENDPOINT = "http://127.0.0.1:33249"
NOTHING = "nothing was paid; AWS would take $0.056 of $0.056 planned"


def of(answered_by: str = "AWS", **done: int) -> Status:
    """A status of 14 images, with so many calls of each API made."""
    calls = {name: {"planned": 14, "ok": n, "skipped": 0, "failed": 0, "maybe_billed": 0} for name, n in done.items()}
    usd = {"planned": "0.056", "actual": "0.056", "maybe": "0"}
    return Status("j", "finished", by_api=calls, usd=usd, answered_by=answered_by)


def spec_of(fixture: str) -> JobSpec:
    job = next(Path(FIXTURES / fixture / "home").glob("*/job.json")).parent
    return JobFolder(str(job.parent), job.name).spec


@pytest.mark.parametrize("who", ["the bundled emulator", ENDPOINT])
def test_what_aws_did_not_answer_was_paid_nothing(who: str) -> None:
    job = of(who, labels=14)
    assert NOTHING in status_line(job)
    assert f"Cost     {NOTHING}" in status_notes(job)
    assert f"Asked    {who}, not AWS" in status_notes(job)
    assert job_row(spec_of("finished"), job)[4] == "nothing"


def test_what_aws_answered_is_paid() -> None:
    job = of(labels=14)
    assert "  $0.056 of $0.056 planned" in status_line(job)
    assert status_notes(job)[1:] == ["Cost     $0.056 of $0.056 planned"]
    assert job_row(spec_of("finished"), job)[4] == "$0.056"


@pytest.mark.parametrize(("fixture", "who"), [("finished", "the bundled emulator"), ("interrupted", ENDPOINT)])
def test_a_status_says_who_answered(fixture: str, who: str) -> None:
    assert status(spec_of(fixture), {}, "finished").to_json()["answered_by"] == who


def test_a_table_counts_calls_as_a_line_does() -> None:
    alike = of(labels=14, faces=14, text=14, moderation=14)
    assert progress(alike) == "56/56"
    assert "  56/56 done" in status_line(alike)


def test_a_table_counts_by_api_where_they_differ() -> None:
    assert progress(of(labels=4, faces=14)) == "labels 4/14\nfaces 14/14"


def running(ran_s: float, before: dict[str, int], **ok: int) -> Status:
    """An old job of 20 images, planned for 3 calls a second of labels with properties and 2 of faces."""
    counters = {f"ok:{name}": n for name, n in ok.items()}
    return status(spec_of("interrupted"), counters, "running", ran_s=ran_s, before=before)


def to_go(job: Status) -> str:
    return next(note for note in status_notes(job) if note.startswith("To go"))


def test_time_to_go_is_at_the_rate_of_the_run_so_far() -> None:
    slow = running(10.0, {}, labels=10, properties=10, faces=5)
    assert (slow.eta_s, slow.eta_by) == (30.0, "measured")
    assert to_go(slow) == "To go    30 s at the rate so far of the slowest API"


def test_what_was_done_before_this_run_is_not_of_its_rate() -> None:
    assert running(10.0, {"ok:faces": 8, "failed:faces": 2}, labels=20, properties=20, faces=15).eta_s == 10.0


def test_before_a_run_has_a_rate_time_to_go_is_at_the_planned_one() -> None:
    for job in (running(1.0, {}, faces=2), running(60.0, {"ok:faces": 2}, faces=2)):
        assert (job.eta_s, job.eta_by) == (9.0, "planned")
        assert to_go(job) == "To go    9 s at the planned rate of the slowest API"
