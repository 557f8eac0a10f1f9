"""The promise of the product, processes killed for real: nothing is lost, only what was in flight is paid twice."""

import hashlib
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.pictures import noise
from tests.support.scans import Emulator, Scan, Tables, emulator, make_photos, tables, whole
from tests.support.waiting import until

APIS = "labels,faces,properties"
TABLES = ("images", "labels", "faces", "properties")
CALLS = 120 * 2  # labels and properties share a call
IN_FLIGHT = 20  # at 40 a second of each of two operations and 60 ms of latency, most of it this machine's hiccups


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 120, broken=5)


def start(photos: Path, home: Path, rekognition: Emulator) -> Scan:
    return Scan(
        "scan", str(photos), "--api", APIS, "--yes", "--json", "--shard-size", "25", "--tps", "labels=40,faces=40",
        "--rekognition-endpoint-url", rekognition.url, home=home,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        status = start(photos, directory / "home", running).status()
        assert status["state"] == "finished"
        assert running.total() == CALLS
    return tables(directory / "home")


def test_a_killed_worker_costs_only_what_was_in_flight(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    scan = start(photos, tmp_path / "home", rekognition)
    until(lambda: rekognition.total() > 60, "some calls are made")
    scan.kill_worker()
    assert whole(scan, rekognition, undisturbed, *TABLES) <= IN_FLIGHT


def test_after_a_power_cut_resume_finishes_without_redoing_finished_calls(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    scan = start(photos, tmp_path / "home", rekognition)
    until(lambda: rekognition.total() > 60, "some calls are made")
    scan.kill_everything()
    resumed = Scan("resume", "last", "--json", home=tmp_path / "home")
    assert whole(resumed, rekognition, undisturbed, *TABLES) <= IN_FLIGHT


def test_ctrl_c_stops_cleanly_and_resume_pays_nothing_twice(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    scan = start(photos, tmp_path / "home", rekognition)
    until(lambda: rekognition.total() > 60, "some calls are made")
    children = scan.children("")
    scan.process.send_signal(signal.SIGINT)
    assert scan.wait()[0] == 130
    assert not [pid for pid in children if Path(f"/proc/{pid}/cmdline").exists()]
    resumed = Scan("resume", "last", "--json", home=tmp_path / "home")
    assert whole(resumed, rekognition, undisturbed, *TABLES) == 0
    assert rekognition.total() == CALLS


def under_way(rekognition: Emulator, content: str, tries: int) -> bool:
    return rekognition.counts().get("DetectLabels", {}).get(content, 0) >= tries


def test_a_call_that_kills_its_worker_each_time_is_given_up_and_its_mates_complete(
    photos: Path, tmp_path: Path
) -> None:
    poison = hashlib.sha256((photos / "photo-0030.jpg").read_bytes()).hexdigest()
    with emulator(tmp_path, "--fault", f"DetectLabels:hang:@{poison}") as rekognition:
        scan = Scan(
            "scan", str(photos), "--api", "labels", "--yes", "--json", "--shard-size", "25",
            "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
            env={"REKSCAN_LEASE_SECONDS": "2"},
        )  # fmt: skip
        for tries in range(1, 6):
            until(partial(under_way, rekognition, poison, tries), "the poison is under way")
            rekognition.stands_still()  # its mates are answered
            scan.kill_worker()
        status = scan.status()
    assert status["state"] == "finished"
    calls = status["calls"]
    assert (calls["planned"], calls["ok"], calls["skipped"], calls["failed"]) == (125, 119, 5, 1)
    failed = [row for row in tables(tmp_path / "home").rows("failures") if row["outcome"] == "failed"]
    found = [(row["uri"].rpartition("/")[2], row["code"], row["maybe_billed"]) for row in failed]
    assert found == [("photo-0030.jpg", "poison", 5)]


def test_a_picture_whose_decoder_dies_each_time_is_a_row_and_its_mates_complete(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 10)
    noise((4000, 3000)).save(photos / "photo-0005.tiff")
    with emulator(tmp_path) as rekognition:
        scan = Scan(
            "scan", str(photos), "--api", "labels", "--yes", "--json",
            "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
        )  # fmt: skip

        def shot(before: set[int]) -> set[int]:
            """Decoders killed; each is killed as soon as it is seen."""
            decoders = {pid for worker in scan.children("workers") for pid in scan.children("media.child", of=worker)}
            for pid in decoders - before:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return before | decoders

        killed: set[int] = set()
        while len(killed) < 2:
            killed = until(partial(shot, killed), "a decoder runs")
        status = scan.status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["skipped"]) == ("finished", 10, 1)
    reasons = {row["uri"].rpartition("/")[2]: row["reason"] for row in tables(tmp_path / "home").rows("images")}
    assert reasons["photo-0005.tiff"] == "crashed-decoder"
