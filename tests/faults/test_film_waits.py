"""Films that wait for films to end whose holder is killed: somebody ends those, and no cap is passed meanwhile."""

import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from jobs.ledger.keys import key
from tests.support.film_scans import ENV, again, calls, scan_of, starts
from tests.support.films import second
from tests.support.redis import RedisServer
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, emulator, tables, workers
from tests.support.waiting import until

SECOND = second()
USD = 0.10 / 60  # a second of film, one API


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("few", {f"film-{number}-1s.mp4": SECOND + bytes(number) for number in range(4)})
        server.bucket("many", {f"film-{number:02}-1s.mp4": SECOND + bytes(number % 7) for number in range(20)})
        yield server


@pytest.fixture
def rekognition(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(tmp_path, "--video-latency", "300ms") as running:
        yield running


def asked(rekognition: Emulator, film: str = "") -> int:
    found = rekognition.counts()
    return sum(times for name in found if name.startswith("Start") for of, times in found[name].items() if film in of)


def cost(seconds: int) -> str:
    return f"{math.ceil(seconds * USD * 10_000) / 10_000}"


def test_a_film_the_budget_has_no_room_for_does_not_keep_the_one_that_is_sent_again_from_the_door(
    tmp_path: Path, s3: S3Server, rekognition: Emulator
) -> None:
    """The first film is refused once, so that it is the last one to be started; that would pass the cap."""
    rekognition.set_faults("StartLabelDetection:400:LimitExceededException:1", "StartLabelDetection:hang:@film-3")
    scan = scan_of(tmp_path / "home", "s3://few/", "video-labels", s3, rekognition, "--max-cost", cost(3))
    until(lambda: asked(rekognition, "film-3"), "the last one is started, and not answered")
    until(lambda: len(starts(rekognition)) == 3, "the others are over")
    scan.kill_worker()
    rekognition.set_faults()
    status = scan.status()
    assert (status["state"], status["reason"]) == ("incomplete", "budget")
    assert (status["calls"]["ok"], status["calls"]["maybe_billed"]) == (3, 0)
    assert rekognition.meters() == {"video-labels": 3000}
    resumed = again(tmp_path / "home", "resume", "--max-cost", cost(4)).status()
    assert (resumed["state"], calls(resumed)) == ("finished", {"video-labels": (4, 4, 0, 0)})
    assert list(starts(rekognition).values()) == [1] * 4


def test_a_worker_whose_films_all_wait_for_the_budget_takes_over_those_that_hold_it(
    tmp_path: Path,
    s3: S3Server,
    rekognition: Emulator,
    redis_server: RedisServer,
    redis: "Redis[bytes]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    for name, value in {**ENV, "REKSCAN_REDIS_URL": redis_server.url, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    rekognition.set_faults("StartLabelDetection:hang:100%", "StartFaceDetection:hang:100%")
    with workers(1, tmp_path, {"REKSCAN_HOME": str(home)}) as running:
        scan = scan_of(
            home, "s3://many/", "video-labels,video-faces,video-text", s3, rekognition, "--max-cost", cost(2)
        )
        until(lambda: asked(rekognition) == 2, "the budget is spent, and nothing answered")
        (tmp_path / "second").mkdir()
        with workers(1, tmp_path / "second", {"REKSCAN_HOME": str(home)}):
            held = key(tables(home).folder.name, "films:leases")
            until(lambda: redis.zcard(held) == 2, "another worker holds the other films")
            kill(running[0])
            rekognition.set_faults()
            status = scan.status()
    assert (status["state"], status["reason"], status["calls"]["ok"]) == ("incomplete", "budget", 2)
    assert sum(rekognition.meters().values()) == 2000


def kill(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()
