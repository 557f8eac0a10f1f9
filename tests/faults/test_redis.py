"""Redis killed, frozen and wiped under a scan, and the endpoint gone: tables are those of an undisturbed run."""

import os
import signal
from pathlib import Path

import pytest

from tests.scans import Emulator, Scan, Tables, asked_twice_is_marked, make_photos, tables
from tests.waiting import until
from workers.config import connect
from workers.supervisor import local_redis_url


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 100)


@pytest.fixture
def scan(photos: Path, tmp_path: Path, rekognition: Emulator) -> Scan:
    """A scan that has made some of its 100 calls."""
    scan = Scan(
        "scan", str(photos), "--api", "faces", "--yes", "--json", "--shard-size", "20", "--tps", "faces=15",
        "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home", env={"REKSCAN_LEASE_SECONDS": "3"},
    )  # fmt: skip
    until(lambda: rekognition.total() > 25, "some calls are made")
    return scan


def whole(scan: Scan, rekognition: Emulator) -> Tables:
    status = scan.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", 100)
    found = tables(scan.home)
    assert len({row["uri"] for row in found.rows("images")}) == 100
    assert {row["face_count"] for row in found.rows("images")} == {1}
    marked = sum(row["maybe_billed"] for row in found.outcomes())
    assert rekognition.total() <= 100 + marked
    return found


def test_a_killed_redis_comes_back_with_what_it_knew(scan: Scan, rekognition: Emulator) -> None:
    os.kill(scan.children("redis.sock")[0], signal.SIGKILL)
    whole(scan, rekognition)


def test_a_frozen_redis_stops_paid_calls_until_it_answers_again(scan: Scan, rekognition: Emulator) -> None:
    pid = scan.children("redis.sock")[0]
    os.kill(pid, signal.SIGSTOP)
    settled = rekognition.stands_still()
    assert settled < 100  # no call without an intent
    os.kill(pid, signal.SIGCONT)
    whole(scan, rekognition)


def test_a_wiped_redis_is_filled_again_from_the_folder(scan: Scan, rekognition: Emulator) -> None:
    url = local_redis_url(str(scan.home))
    assert url is not None
    connect(url).flushall()
    found = whole(scan, rekognition)
    assert sum(row["units"] for row in found.outcomes()) >= 100


def test_an_endpoint_that_goes_away_and_comes_back_costs_no_row(scan: Scan, rekognition: Emulator) -> None:
    port = rekognition.port
    before = rekognition.total()
    rekognition.kill()
    rekognition.start(port)
    found = whole(scan, rekognition)
    asked_twice_is_marked(found, rekognition)
    assert before + rekognition.total() <= 100 + sum(row["maybe_billed"] for row in found.outcomes())


def test_a_folder_that_cannot_be_written_blocks_the_job_and_nothing_is_paid_again(
    scan: Scan, rekognition: Emulator
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
    resumed = Scan("resume", "last", "--json", home=scan.home).status()
    assert (resumed["state"], resumed["calls"]["ok"]) == ("finished", 100)
    assert rekognition.total() == 100


def test_workers_whose_scan_and_redis_are_gone_end_too(scan: Scan) -> None:
    workers = scan.children("workers")
    os.kill(scan.children("redis.sock")[0], signal.SIGKILL)
    scan.process.kill()
    scan.process.wait()
    until(lambda: not [pid for pid in workers if Path(f"/proc/{pid}/cmdline").exists()], "the workers end")
