"""Several processes schedule one job at once: every call is made once, each part written once."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.ledger import Ledger
from tests.support.redis import RedisServer
from tests.support.scans import (
    Emulator,
    Scan,
    Tables,
    emulator,
    make_photos,
    only_counters_are_left,
    same_tables,
    tables,
    workers,
)
from tests.support.waiting import until

CALLS, SHARDS = 120, 13


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), CALLS, broken=4)


@pytest.fixture
def cluster(redis_server: RedisServer, redis: Any) -> dict[str, str]:
    """The environment of a cluster's commands and workers."""
    return {"REKSCAN_REDIS_URL": redis_server.url, "REKSCAN_LEASE_SECONDS": "3", "AWS_REGION": "us-east-1"}


def start(command: str, photos: Path, home: Path, rekognition: Emulator, *more: str, **env: str) -> Scan:
    return Scan(
        command, str(photos), "--api", "faces", "--yes", "--shard-size", "10", "--tps", "faces=25",
        "--rekognition-endpoint-url", rekognition.url, *more, home=home, env={"REKSCAN_LEASE_SECONDS": "3", **env},
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start("scan", photos, directory / "home", running, "--tps", "faces=200").wait()[0] == 0
    return tables(directory / "home")


def once(home: Path, rekognition: Emulator, undisturbed: Tables) -> Tables:
    """Each picture was asked about once, each shard written once."""
    found = tables(home)
    assert sorted(rekognition.counts()["DetectFaces"].values()) == [1] * CALLS
    assert sum(row["maybe_billed"] for row in found.outcomes()) == 0
    assert len(list((found.folder / "results").glob("shard-??????.parquet"))) == SHARDS
    same_tables(found, undisturbed, "images", "faces")
    return found


def test_a_job_followed_by_two_watches_and_a_resume_at_once_is_done_once(
    photos: Path, tmp_path: Path, rekognition: Emulator, cluster: dict[str, str], redis: Any, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    assert start("submit", photos, home, rekognition, **cluster).wait()[0] == 0
    followers = [Scan(command, "last", home=home, env=cluster) for command in ("watch", "resume", "watch")]
    until(lambda: followers[0].log.read_text().count(" calls  0.0/s") >= 3, "all of them follow", seconds=120)
    with workers(2, tmp_path, cluster):
        assert [follower.wait()[0] for follower in followers] == [0, 0, 0]
        only_counters_are_left(redis, once(home, rekognition, undisturbed))


def test_a_cluster_ends_a_job_whose_submitter_was_killed(
    photos: Path, tmp_path: Path, rekognition: Emulator, cluster: dict[str, str], redis: Any, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    with workers(2, tmp_path, cluster):
        scan = start("scan", photos, home, rekognition, **cluster)
        until(lambda: rekognition.total() > 30, "some calls are made", seconds=120)
        scan.kill_everything()
        assert rekognition.total() < CALLS
        until(lambda: not Ledger(redis).live(), "the job ends", seconds=120)
        only_counters_are_left(redis, once(home, rekognition, undisturbed))


def test_two_resumes_of_a_cancelled_job_in_the_same_instant_go_on_with_it_once(
    photos: Path, tmp_path: Path, rekognition: Emulator, cluster: dict[str, str], redis: Any, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    with workers(2, tmp_path, cluster):
        scan = start("scan", photos, home, rekognition, **cluster)
        until(lambda: rekognition.total() > 30, "some calls are made", seconds=120)
        Ledger(redis).order(tables(home).folder.name, "cancelled")  # as `cancel` does
        assert scan.wait()[0] == 4
        both = [Scan("resume", "last", home=home, env=cluster) for _ in range(2)]
        assert [resumed.wait()[0] for resumed in both] == [0, 0]
        only_counters_are_left(redis, once(home, rekognition, undisturbed))


def test_two_resumes_on_one_machine_in_the_same_instant_share_a_redis_and_the_job(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start("scan", photos, home, rekognition)
    until(lambda: rekognition.total() > 30, "some calls are made", seconds=120)
    assert scan.interrupt() == 130
    both = [Scan("resume", "last", "--json", home=home) for _ in range(2)]
    ended = [resumed.wait() for resumed in both]
    assert 0 in [code for code, _ in ended], both[0].log.read_text()
    # The one that came later may have found the job running, which it says.
    assert all(code == 0 or "is running" in both[0].log.read_text() for code, _ in ended), ended
    once(home, rekognition, undisturbed)


def test_a_watch_ends_with_the_scan_it_follows(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    home = tmp_path / "home"
    scan = start("scan", photos, home, rekognition)
    until(lambda: rekognition.total() > 10, "some calls are made", seconds=120)
    watch = Scan("watch", "last", "--json", home=home)
    until(lambda: "calls" in watch.log.read_text(), "it follows", seconds=60)
    scan.kill_everything()
    code, out = watch.wait()
    assert (code, json.loads(out)["reason"]) == (4, "interrupted")
    assert "rekscan resume" in json.loads(out)["do"]


def test_a_scan_goes_on_alone_when_the_one_that_started_their_redis_is_interrupted(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    with emulator(tmp_path, "--latency", "50ms") as of_first:
        first = start("scan", photos, home, of_first, "--tps", "faces=1")
        until(of_first.total, "the first scan is under way")
        second = start("scan", photos, home, rekognition, "--again")
        until(lambda: rekognition.total() > 10, "the second scan is under way", seconds=120)
        assert second.children("redis.sock") == []
        assert first.interrupt() == 130
        paid = of_first.total()
        assert second.wait()[0] == 0
        assert of_first.total() == paid < CALLS  # nobody goes on with what was interrupted
    once(home, rekognition, undisturbed)


def test_of_two_scans_of_a_home_in_the_same_instant_one_is_refused_and_nothing_is_paid_twice(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scans = [start("scan", photos, home, rekognition, "--json") for _ in range(2)]
    codes = sorted(scan.wait()[0] for scan in scans)
    assert codes == [0, 1], scans[0].log.read_text()
    once(home, rekognition, undisturbed)
    [job] = home.glob("*/job.json")  # what was refused leaves nothing
    assert f"Job {job.parent.name} of this home runs now, and {CALLS + 4} of these" in scans[0].log.read_text()
    assert "--beside" in scans[0].log.read_text()


def test_a_scan_that_is_told_to_go_beside_another_says_so_and_runs(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    home = tmp_path / "home"
    first = start("scan", photos, home, rekognition, "--tps", "faces=4")
    until(lambda: rekognition.total() > 10, "the first scan is under way", seconds=120)
    job = tables(home).folder.name
    beside = start("scan", photos, home, rekognition, "--beside", "--json", "--tps", "faces=100")
    until(lambda: f"Job {job} of this home runs now" in first.log.read_text(), "it says so", seconds=60)
    until(lambda: len(list(home.glob("*/job.json"))) == 2, "it is a job", seconds=60)
    assert [beside.interrupt(), first.interrupt()] == [130, 130]  # the Redis of both is the first one's
