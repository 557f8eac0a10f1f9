"""Ctrl-C and SIGTERM end a command within seconds, whatever it waits for: here an S3 that never answers."""

import signal
from pathlib import Path

import pytest

from tests.support.raw_server import Serving
from tests.support.scans import Emulator, Scan, emulator, make_photos
from tests.support.waiting import until

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SOON = 25.0  # seconds; S3 is given up after minutes, and a worker that does not end is killed after 30


def scan(source: str, tmp_path: Path, s3: Serving, rekognition: str) -> Scan:
    return Scan(
        "scan", source, "--api", "labels", "--yes", "--s3-endpoint-url", s3.url,
        "--rekognition-endpoint-url", rekognition, home=tmp_path / "home", env=KEYS,
    )  # fmt: skip


@pytest.fixture
def silent_s3() -> Serving:
    return Serving(b"", hold=True, reads=b"")


def test_a_scan_whose_workers_wait_for_objects_ends_at_sigterm_and_can_be_gone_on_with(
    tmp_path: Path, silent_s3: Serving, rekognition: Emulator
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"s3://archive/{n}.jpg\n" for n in range(40)))
    with silent_s3:
        running = scan(str(listed), tmp_path, silent_s3, rekognition.url)
        until(lambda: silent_s3.connections, "a worker asks for an object")
        running.process.send_signal(signal.SIGTERM)
        assert running.wait(SOON)[0] == 130
    assert "rekscan resume" in running.log.read_text()
    assert Scan("status", "last", "--json", home=tmp_path / "home").status()["calls"]["ok"] == 0


def test_a_listing_that_waits_for_s3_ends_at_ctrl_c(tmp_path: Path, silent_s3: Serving) -> None:
    with silent_s3:
        running = scan("s3://archive/photos/", tmp_path, silent_s3, "http://127.0.0.1:9")
        until(lambda: silent_s3.connections, "the listing asks")
        running.process.send_signal(signal.SIGINT)
        assert running.wait(SOON)[0] == 130


def test_a_scan_that_makes_calls_ends_at_sigterm_as_at_ctrl_c(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 60)
    with emulator(tmp_path) as rekognition:
        words = ("scan", str(photos), "--api", "labels", "--yes", "--tps", "labels=8")
        url = {"REKSCAN_REKOGNITION_ENDPOINT_URL": rekognition.url}
        running = Scan(*words, home=tmp_path / "home", env=url)
        until(lambda: rekognition.total() > 5, "calls are made")
        running.process.send_signal(signal.SIGTERM)
        assert running.wait()[0] == 130
        assert rekognition.total() < 60
        status = Scan("resume", "last", "--json", home=tmp_path / "home", env=url).status()
        assert (status["state"], status["calls"]["ok"], rekognition.total()) == ("finished", 60, 60)
