"""Frames of films under kills: what was answered is not asked again, frame by frame."""

from pathlib import Path

import pytest

from tests.support.films import film, numbered
from tests.support.scans import Emulator, Scan, Tables, emulator, make_photos, tables, whole
from tests.support.waiting import until

FRAMES = 120  # of a film of 12 seconds; and a picture
CALLS = FRAMES + 1
IN_FLIGHT = 15  # at 40 a second and 60 ms of latency, most of it this machine's hiccups


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_photos(tmp_path_factory.mktemp("films"), 1)
    (folder / "film.mp4").write_bytes(film(rate=10, frames=FRAMES, side=(128, 96), pictures=numbered(FRAMES)))
    (folder / "broken.mp4").write_bytes(film(frames=25)[:900])
    return folder


def start(films: Path, home: Path, rekognition: Emulator) -> Scan:
    return Scan(
        "scan", str(films), "--api", "labels", "--frames", "10/s", "--yes", "--json", "--shard-size", "50",
        "--tps", "labels=40", "--rekognition-endpoint-url", rekognition.url, home=home,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        status = start(films, directory / "home", running).status()
        assert (status["state"], running.total()) == ("finished", CALLS)
        calls = status["calls"]
        assert (calls["planned"], calls["ok"], calls["skipped"], calls["failed"]) == (CALLS, CALLS, 0, 0)
    return tables(directory / "home")


def test_a_worker_killed_among_a_films_frames_costs_only_what_was_in_flight(
    films: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    scan = start(films, tmp_path / "home", rekognition)
    until(lambda: rekognition.total() > 30, "some frames are asked about")
    scan.kill_worker()
    assert whole(scan, rekognition, undisturbed, "images", "labels") <= IN_FLIGHT


def test_after_a_power_cut_resume_asks_only_about_frames_that_were_not_answered(
    films: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    scan = start(films, tmp_path / "home", rekognition)
    until(lambda: rekognition.total() > 60, "a shard's frames are answered")
    scan.kill_everything()
    resumed = Scan("resume", "last", "--json", home=tmp_path / "home")
    assert whole(resumed, rekognition, undisturbed, "images", "labels") <= IN_FLIGHT
    found = tables(tmp_path / "home").rows("images")
    assert [row["timestamp_ms"] for row in found if row["video"]] == [100 * number for number in range(FRAMES)]
    assert len({row["uri"] for row in found}) == CALLS + 2  # and the films, one of which is broken
