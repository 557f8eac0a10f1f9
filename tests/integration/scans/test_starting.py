"""A job that is on its way to the workers says so, and obeys whoever tells it to stop meanwhile."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from jobs.folder import JobFolder, list_jobs
from jobs.ledger import Ledger, Overtaken
from jobs.ledger.keys import key
from jobs.status import status_of
from rekscan.cli import run
from rekscan.scans.open import open_job, starting
from rekscan.scans.order import Order, plan_order
from rekscan.scans.run import hand_over
from rekscan.settings import Settings, resolve
from tests.support.scans import make_photos
from tests.support.waiting import until

Start = Callable[..., "Future[int]"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", 3)


@pytest.fixture
def settings(no_workers: None) -> Settings:
    return resolve()


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis)


@pytest.fixture
def start() -> Iterator[Start]:
    """A command, typed while the test goes on."""
    with ThreadPoolExecutor(2) as pool:
        yield lambda *words: pool.submit(run, list(words))


@pytest.fixture
def job(photos: Path, settings: Settings, ledger: Ledger) -> JobFolder:
    """One that is paused."""
    folder = plan_order([str(photos)], ["faces"], Order(yes=True), settings).approved(yes=True)
    hand_over(ledger, folder, settings)
    ledger.order(folder.job, "paused")
    return folder


@contextmanager
def held_up(redis: Redis) -> Iterator[None]:
    """No job is put on the table: what is starting goes on starting."""
    with redis.lock(key("turn"), timeout=60):
        yield


def state(folder: JobFolder, ledger: Ledger) -> str:
    return status_of(folder, ledger).state


@pytest.mark.parametrize(("command", "word"), [("pause", "paused"), ("cancel", "cancelled")])
def test_an_order_while_a_resume_starts_is_not_overtaken(
    job: JobFolder, ledger: Ledger, start: Start, capsys: pytest.CaptureFixture[str], command: str, word: str
) -> None:
    with held_up(ledger.redis):
        resume = start("resume", job.job, "--json")
        until(lambda: ledger.is_starting(job.job), "it starts")
        assert run([command, job.job]) == 0
    assert resume.result() == 1
    assert state(job, ledger) == word
    assert f"Error: job {job.job} was {word} while it was starting" in capsys.readouterr().err
    assert not ledger.is_starting(job.job)


def test_an_order_of_before_a_resume_is_of_no_matter(job: JobFolder, ledger: Ledger) -> None:
    told = ledger.told(job.job)
    assert told.startswith("paused ")
    open_job(ledger, job, told=told)
    assert state(job, ledger) == "running"


def test_an_order_while_a_resume_looks_at_the_job_counts(job: JobFolder, ledger: Ledger) -> None:
    told = ledger.told(job.job)
    ledger.order(job.job, "paused")
    with pytest.raises(Overtaken):
        open_job(ledger, job, told=told)
    assert state(job, ledger) == "paused"


def test_a_new_scan_is_starting_until_it_runs_and_who_watches_waits_for_it(
    photos: Path, settings: Settings, ledger: Ledger, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    with held_up(ledger.redis):
        submit = start("submit", str(photos), "--api", "faces", "--yes")
        until(lambda: [j for j in list_jobs(settings.home) if ledger.is_starting(j)], "it starts")
        [name] = list_jobs(settings.home)
        assert run(["status", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["state"] == "starting"
        watch = start("watch", name, "--json")
    assert submit.result() == 0
    until(lambda: ledger.fields(name).get("state") == "running", "it runs")
    told = start("watch", name)
    until(lambda: "waits for a worker" in capsys.readouterr().err, "its line says so")
    assert run(["pause", name]) == 0
    assert (watch.result(), told.result()) == (4, 4)


def test_a_new_scan_that_is_told_to_stop_does_not_begin_and_may_be_resumed(
    photos: Path, settings: Settings, ledger: Ledger, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    with held_up(ledger.redis):
        submit = start("submit", str(photos), "--api", "faces", "--yes")
        until(lambda: [j for j in list_jobs(settings.home) if ledger.is_starting(j)], "it starts")
        [name] = list_jobs(settings.home)
        assert run(["cancel", name]) == 0
    assert submit.result() == 1
    assert "is still starting, and will not begin" in capsys.readouterr().err
    assert ledger.live() == []
    folder = JobFolder(settings.home, name)
    open_job(ledger, folder, told=ledger.told(name))
    assert state(folder, ledger) == "running"


def test_who_starts_a_job_says_so_until_it_is_done_or_dead(
    photos: Path, settings: Settings, ledger: Ledger, redis: Redis
) -> None:
    folder = plan_order([str(photos)], ["faces"], Order(yes=True), settings).approved(yes=True)
    assert state(folder, ledger) == "incomplete"
    with starting(ledger, folder.job):
        redis.delete(key(folder.job, "starting"))  # its time is over
        until(lambda: state(folder, ledger) == "starting", "it is said again")
    assert state(folder, ledger) == "incomplete"
    ledger.start(folder.job)  # and its process is killed
    assert 0 < redis.pttl(key(folder.job, "starting")) <= 10_000
