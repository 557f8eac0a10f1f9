"""A Redis that cannot hold the ledger is told on the screen of each command that needs it, within seconds."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from jobs.folder import list_jobs
from jobs.ledger import Ledger
from rekscan import api
from rekscan.cli import run
from rekscan.scans.engine import find, ledger
from rekscan.scans.follow import follow
from rekscan.settings import resolve
from tests.support.scans import make_photos
from tests.support.waiting import until

FULL, EVICTS = "Redis is full (maxmemory)", "Redis may forget calls that were paid for (maxmemory-policy allkeys-lru)"


@pytest.fixture
def photos(tmp_path: Path, no_workers: None) -> Path:
    return make_photos(tmp_path / "photos", 1)


@contextmanager
def set_to(redis: Redis, name: str, value: object) -> Iterator[None]:
    before = redis.config_get(name)[name]
    redis.config_set(name, value)
    try:
        yield
    finally:
        redis.config_set(name, before)


def submitted(photos: Path) -> str:
    return api.submit(str(photos), api="labels")


def test_a_full_redis_refuses_jobs_and_says_what_to_do(
    photos: Path, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    job = submitted(photos)
    Ledger(redis).set_state(job, "paused")
    words = ["--api", "labels", "--yes"]
    with set_to(redis, "maxmemory", 1):
        for line in (
            ["scan", str(photos), *words],
            ["submit", str(photos), *words],
            ["resume"],
            ["retry"],
            ["cancel", job],
        ):
            assert run(line) == 1, line
            said = capsys.readouterr().err
            assert (FULL in said, "more memory" in said) == (True, True), (line, said)
        assert run(["status", "--json"]) == 0  # what can be read is shown
        shown = capsys.readouterr()
        assert (job in shown.out, FULL in shown.err, FULL in shown.out) == (True, True, False)
        assert run(["doctor"]) == 1
        assert FULL in capsys.readouterr().out
    assert list_jobs(os.environ["REKSCAN_HOME"]) == [job]


def test_a_redis_that_evicts_is_told_and_used(photos: Path, redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    with set_to(redis, "maxmemory-policy", "allkeys-lru"):
        assert run(["submit", str(photos), "--api", "labels", "--yes"]) == 0
        shown = capsys.readouterr()
        assert (EVICTS in shown.err, "maxmemory-policy noeviction" in shown.err) == (True, True)
        assert run(["status"]) == 0
        assert EVICTS in capsys.readouterr().err
        worker = subprocess.Popen([sys.executable, "-m", "rekscan", "worker"], stderr=subprocess.PIPE, text=True)
        assert worker.stderr is not None
        said = [line for line, _ in zip(worker.stderr, range(2), strict=False)]
        worker.terminate()
        worker.communicate(timeout=60)
        assert EVICTS in " ".join(said)


def test_a_redis_that_fills_up_under_a_job_is_told_to_who_follows_it_once(
    photos: Path, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    job, settings = submitted(photos), resolve()
    records = ledger(settings)
    assert records is not None
    following = threading.Thread(target=follow, args=(records, find(settings, job)), kwargs={"quiet": True})
    said = ""

    def is_said() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return FULL in said

    with set_to(redis, "maxmemory", 1):
        following.start()
        until(is_said, "it is told", seconds=10)
        rounds = redis.info("commandstats")["cmdstat_set"]["rejected_calls"]
        until(lambda: redis.info("commandstats")["cmdstat_set"]["rejected_calls"] > rounds + 1, "it goes on")
    records.set_state(job, "paused")
    following.join()
    assert (said + capsys.readouterr().err).count(FULL) == 1
