"""Films of a cluster that is steered: paused, cancelled, resumed, asked from two homes at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from redis import Redis

from jobs.ledger.keys import key
from tests.support.film_scans import ENV, again, calls, film_rows, scan_of, starts
from tests.support.films import second
from tests.support.redis import RedisServer
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, emulator, look, tables, workers
from tests.support.waiting import until

FILMS = {f"film-{number}-1s.mp4": second() + bytes(number) for number in range(6)}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("films", FILMS)
        yield server


@pytest.fixture
def rekognition(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(tmp_path, "--video-latency", "4s") as running:
        yield running


def started(rekognition: Emulator) -> int:
    return sum(rekognition.counts().get("StartLabelDetection", {}).values())


def test_films_that_wait_are_rows_and_pictures_go_on_beside_those_that_aws_works_on(
    tmp_path: Path,
    s3: S3Server,
    redis_server: RedisServer,
    redis: "Redis[bytes]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AWS takes ten minutes for a film: nothing that a picture needs is held meanwhile."""
    home = tmp_path / "home"
    Image.new("RGB", (96, 96), (10, 200, 30)).save(picture := tmp_path / "a.jpg")
    pictures = {f"many/{number:03}.jpg": picture.read_bytes() + bytes(number) for number in range(12)}
    films = {f"many/{number:03}-1s.mp4": second() + bytes(number) for number in range(70)}
    s3.bucket("beside", films | pictures)
    for name, value in {**ENV, "REKSCAN_REDIS_URL": redis_server.url, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    with emulator(tmp_path, "--video-latency", "600s") as endpoint, workers(1, tmp_path, {"REKSCAN_HOME": str(home)}):
        scan = scan_of(home, "s3://beside/many/", "labels,video-labels", s3, endpoint, "--video-jobs", "2")
        until(lambda: started(endpoint) == 2, "as many are started as may be")
        until(lambda: look("status", "last", home=home)["by_api"]["labels"]["ok"] == 12, "all pictures are answered")
        status = look("status", "last", home=home)
        assert (status["state"], status["by_api"]["video-labels"]["ok"], started(endpoint)) == ("running", 0, 2)
        job = key(status["job"])
        assert redis.zcard(f"{job}:films:leases") <= 3  # of seven shards
        assert look("cancel", "last", home=home)["state"] == "cancelled"
        assert scan.wait()[0] == 4


def test_a_pause_starts_nothing_and_reads_on_and_a_cancel_leaves_what_aws_works_on_to_a_resume(
    tmp_path: Path,
    s3: S3Server,
    rekognition: Emulator,
    redis_server: RedisServer,
    redis: "Redis[bytes]",
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    cluster = {"REKSCAN_REDIS_URL": redis_server.url}
    for name, value in {**ENV, **cluster, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    with workers(1, tmp_path, {"REKSCAN_HOME": str(home)}):
        scan = scan_of(home, "s3://films/", "video-labels", s3, rekognition, "--video-jobs", "2")
        until(lambda: started(rekognition) == 2, "as many are started as may be")
        assert look("pause", "last", home=home)["state"] == "paused"
        assert scan.wait()[0] == 4
        until(lambda: look("status", "last", home=home)["calls"]["ok"] == 2, "what was started is read")
        assert started(rekognition) == 2
        resumed = again(home, "resume")
        until(lambda: look("status", "last", home=home)["video_jobs"]["open"] == 2, "two more are started")
        assert look("cancel", "last", home=home)["state"] == "cancelled"
        assert "2 video jobs (0.033 minutes) open at AWS" in capfd.readouterr().err.replace("\n", " ")
        assert resumed.wait()[0] == 4
        left = look("status", "last", home=home)["video_jobs"]
        assert (left["open"], left["stuck"]) == (2, [])
        kept = {row["outcome"] for row in film_rows(tables(home))}
        assert kept == {"ok"}  # what is open is no row of a table
        status = again(home, "resume").status()
    assert (status["state"], calls(status)) == ("finished", {"video-labels": (6, 6, 0, 0)})
    assert status["calls"]["maybe_billed"] == 0
    assert list(starts(rekognition).values()) == [1] * 6


def test_two_homes_that_ask_the_same_at_once_pay_once(tmp_path: Path, s3: S3Server, rekognition: Emulator) -> None:
    scans = [scan_of(tmp_path / name, "s3://films/", "video-faces", s3, rekognition) for name in ("one", "two")]
    assert [calls(scan.status()) for scan in scans] == [{"video-faces": (6, 6, 0, 0)}] * 2
    assert list(starts(rekognition).values()) == [1] * 6
