"""What may run beside a job of the same home: what asks something else, or of other pictures, or says so."""

from pathlib import Path

import pytest
from redis import Redis

from jobs.errors import RekscanError
from jobs.folder import JobFolder, list_jobs
from jobs.ledger import Ledger
from jobs.status import Status, keep
from rekscan import api
from rekscan.cli import run
from rekscan.scans.order import Order, plan_order
from rekscan.scans.run import hand_over
from rekscan.settings import Settings, resolve
from tests.support.scans import make_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", 3)


@pytest.fixture
def settings(no_workers: None) -> Settings:
    return resolve()


@pytest.fixture
def running(photos: Path, settings: Settings, redis: Redis) -> JobFolder:
    """A job that runs: faces of all photos."""
    return submit(photos, settings, Ledger(redis))


def submit(source: Path, settings: Settings, ledger: Ledger, apis: str = "faces", **more: bool) -> JobFolder:
    beside = more.get("beside", False)
    folder = plan_order([str(source)], [apis], Order(yes=True, **more), settings).approved(yes=True, beside=beside)
    hand_over(ledger, folder, settings, beside=beside)
    return folder


def test_the_same_pictures_and_calls_are_refused_with_the_job_and_what_to_do(
    photos: Path, settings: Settings, running: JobFolder, redis: Redis
) -> None:
    with pytest.raises(RekscanError, match=f"Job {running.job} of this home runs now, and 3 of these pictures") as told:
        submit(photos, settings, Ledger(redis), "labels,faces")
    assert f"rekscan watch {running.job}" in told.value.do
    assert "--beside" in told.value.do
    with pytest.raises(RekscanError, match="runs now"):
        api.submit(str(photos), api="faces")
    assert list_jobs(settings.home) == [running.job]  # what was refused leaves nothing


@pytest.mark.parametrize("how", ["--again", "--beside", "another API", "other parameters", "other pictures"])
def test_what_cannot_be_paid_twice_unmeant_runs(
    photos: Path, settings: Settings, running: JobFolder, redis: Redis, how: str
) -> None:
    ledger = Ledger(redis)
    if how == "other pictures":
        photos = make_photos(photos.parent / "other", 0)
        (photos / "large.jpg").write_bytes(b"\xff\xd8\xff" + bytes(50_000))
    apis = {"another API": "labels", "other parameters": "faces:attributes=DEFAULT"}.get(how, "faces")
    more = {how.removeprefix("--"): True} if how.startswith("--") else {}
    assert submit(photos, settings, ledger, apis, **more).job in ledger.live()


def test_a_job_that_is_paused_or_over_is_in_nobodys_way(
    photos: Path, settings: Settings, running: JobFolder, redis: Redis
) -> None:
    ledger = Ledger(redis)
    lease = ledger.lease(running.job, 0)
    ledger.set_state(running.job, "paused")
    with pytest.raises(RekscanError, match="runs now"):  # its holder is still writing what it was answered
        submit(photos, settings, ledger)
    ledger.release(lease)  # type: ignore[arg-type]
    second = submit(photos, settings, ledger)
    ledger.close(second.job, "cancelled", {})
    submit(photos, settings, ledger)


def test_a_job_that_cannot_be_read_may_have_anything(
    photos: Path, settings: Settings, running: JobFolder, redis: Redis
) -> None:
    running.delete("job.json")
    with pytest.raises(RekscanError, match=f"Job {running.job} of this home runs now, and pictures may be in it too"):
        submit(photos, settings, Ledger(redis))


def test_resume_and_retry_look_beside_them_before_anything_else(
    photos: Path, settings: Settings, running: JobFolder, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger(redis)
    other = submit(photos, settings, ledger, beside=True)
    ledger.set_state(other.job, "paused")
    assert run(["resume", other.job]) == 1
    assert f"Error: Job {running.job} of this home runs now" in capsys.readouterr().err
    keep(other, Status(other.job, "finished"))
    ledger.close(other.job, "finished", {})
    assert run(["retry", other.job]) == 1
    assert f"Error: Job {running.job} of this home runs now" in capsys.readouterr().err
    assert other.names("retries") == []
    assert run(["scan", str(photos), "--api", "faces", "--yes", "--json"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, f"Error: Job {running.job} of this home runs now" in shown.err) == ("", True)


def test_of_two_that_were_approved_when_nothing_ran_the_second_is_refused(
    photos: Path, settings: Settings, redis: Redis
) -> None:
    ledger = Ledger(redis)
    orders = [plan_order([str(photos)], ["faces"], Order(), settings).approved(yes=True) for _ in range(2)]
    hand_over(ledger, orders[0], settings)
    with pytest.raises(RekscanError, match=f"Job {orders[0].job} of this home runs now"):
        hand_over(ledger, orders[1], settings)
    assert list_jobs(settings.home) == [orders[0].job]
    assert ledger.live() == [orders[0].job]
