"""Redis killed, frozen and wiped under a scan, and the endpoint gone: tables are those of an undisturbed run."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.scans import Emulator, Scan, Tables, emulator, make_photos, tables, whole
from tests.support.waiting import until
from workers.config import connect
from workers.supervisor import local_redis_url


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 100)


def start(photos: Path, home: Path, rekognition: Emulator, tps: int) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "faces", "--yes", "--json", "--shard-size", "20", "--tps", f"faces={tps}",
        "--rekognition-endpoint-url", rekognition.url, home=home, env={"REKSCAN_LEASE_SECONDS": "3"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start(photos, directory / "home", running, 200).status()["state"] == "finished"
    return tables(directory / "home")


@pytest.fixture
def scan(photos: Path, tmp_path: Path, rekognition: Emulator) -> Scan:
    """A scan that has made some of its 100 calls."""
    scan = start(photos, tmp_path / "home", rekognition, 15)
    until(lambda: rekognition.total() > 25, "some calls are made")
    return scan


def test_a_killed_redis_comes_back_with_what_it_knew(scan: Scan, rekognition: Emulator, undisturbed: Tables) -> None:
    os.kill(scan.children("redis.sock")[0], signal.SIGKILL)
    whole(scan, rekognition, undisturbed, "images", "faces")


def test_a_frozen_redis_stops_paid_calls_until_it_answers_again(
    scan: Scan, rekognition: Emulator, undisturbed: Tables
) -> None:
    pid = scan.children("redis.sock")[0]
    os.kill(pid, signal.SIGSTOP)
    settled = rekognition.stands_still()
    assert settled < 100  # no call without an intent
    os.kill(pid, signal.SIGCONT)
    whole(scan, rekognition, undisturbed, "images", "faces")


def test_a_redis_that_became_a_replica_takes_no_intent_and_nothing_is_paid_until_it_leads_again(
    scan: Scan, rekognition: Emulator, undisturbed: Tables
) -> None:
    redis = connect(local_redis_url(str(scan.home)))
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")  # a fail-over, as managed Redis makes them
    assert rekognition.stands_still() < 100
    redis.execute_command("REPLICAOF", "NO", "ONE")
    whole(scan, rekognition, undisturbed, "images", "faces")


def test_a_wiped_redis_is_filled_again_from_the_folder(scan: Scan, rekognition: Emulator, undisturbed: Tables) -> None:
    url = local_redis_url(str(scan.home))
    assert url is not None
    connect(url).flushall()
    whole(scan, rekognition, undisturbed, "images", "faces")


def test_an_endpoint_that_goes_away_and_comes_back_costs_no_row(
    scan: Scan, rekognition: Emulator, undisturbed: Tables
) -> None:
    port = rekognition.port
    before = rekognition.total()
    rekognition.kill()
    rekognition.start(port)
    marked = whole(scan, rekognition, undisturbed, "images", "faces")
    assert before + rekognition.total() <= 100 + marked


def test_a_folder_that_cannot_be_written_blocks_the_job_and_nothing_is_paid_again(
    scan: Scan, rekognition: Emulator, undisturbed: Tables
) -> None:
    # In the way of the next part, as a full disk would be.
    results = next(scan.home.glob("*/job.json")).parent / "results"
    aside = results.with_name("aside")
    until(results.exists, "a first part is written")
    results.rename(aside)
    results.write_text("in the way")
    code, out = scan.wait()
    assert code == 4
    assert '"state": "blocked"' in out
    assert "the job's folder" in out
    results.unlink()
    aside.rename(results)
    assert whole(Scan("resume", "last", "--json", home=scan.home), rekognition, undisturbed, "images", "faces") == 0
    assert rekognition.total() == 100


def test_workers_whose_scan_and_redis_are_gone_end_too(scan: Scan) -> None:
    workers = scan.children("workers")
    os.kill(scan.children("redis.sock")[0], signal.SIGKILL)
    scan.process.kill()
    scan.process.wait()
    until(lambda: not [pid for pid in workers if Path(f"/proc/{pid}/cmdline").exists()], "the workers end")
