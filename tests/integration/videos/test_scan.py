"""Whole scans of films: the command line, a worker, S3 by moto, the emulator."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from jobs.folder import JobFolder
from jobs.folder.video_pages import PagesReader, newest_pages
from tests.support.films import film
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, Tables, emulator, look, tables

SECOND = film(rate=25, frames=25)
TWO = film(rate=25, frames=50)
HEVC = film(codec="libx265", rate=1, frames=90, **{"x265-params": "log-level=none"})
SOON = {"REKSCAN_VIDEO_LOOK_SECONDS": "0.2", "REKSCAN_VIDEO_HOLD_SECONDS": "0.5"}
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


def picture(directory: Path) -> bytes:
    Image.new("RGB", (96, 96), (10, 200, 30)).save(directory / "a.jpg")
    return (directory / "a.jpg").read_bytes()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory, s3: S3Server) -> Iterator[Emulator]:
    with emulator(
        tmp_path_factory.mktemp("emulator"), "--s3-endpoint-url", s3.url, "--video-latency", "300ms"
    ) as running:
        yield running


def films_of(home: Path, source: str, apis: str, s3: S3Server, rekognition: Emulator, *more: str) -> Scan:
    where = ("--rekognition-endpoint-url", rekognition.url, "--s3-endpoint-url", s3.url)
    return Scan("scan", source, "--api", apis, "--yes", "--json", *where, *more, home=home, env=KEYS | SOON)


def answers(found: Tables, api: str) -> dict[int, list[Any]]:
    folder = JobFolder(str(found.folder.parent), found.folder.name)
    pages = {}
    for item, name in newest_pages(folder, api).items():
        with PagesReader(folder, name) as reader:
            pages[item] = [orjson.loads(page) for page in reader]
    return pages


def test_films_and_pictures_are_scanned_in_one_job(tmp_path: Path, s3: S3Server, rekognition: Emulator) -> None:
    objects = {
        "f/a.jpg": picture(tmp_path),
        "f/one-1s.mp4": SECOND,
        "f/two-2s.mov": TWO,
        "f/hevc.mp4": HEVC,
        "f/cut.mp4": SECOND[:-1],
    }
    s3.bucket("mixed", objects)
    home = tmp_path / "home"
    apis = "labels,video-labels,video-segments"
    status = films_of(home, "s3://mixed/f/", apis, s3, rekognition).status()
    assert status["state"] == "finished", status
    done = {name: (of["planned"], of["ok"], of["failed"]) for name, of in status["by_api"].items()}
    assert done == {"labels": (1, 1, 0), "video-labels": (2, 2, 0), "video-segments": (2, 2, 0)}
    found = tables(home)
    rows = {(row["item_id"], row["api"]): row for row in found.outcomes() if row["api"].startswith("video")}
    assert {row["ms"] for row in rows.values()} == {1000, 2000}
    assert all(
        row["ms"] == row["probed_ms"] and row["units"] == 1 and row["maybe_billed"] == 0 for row in rows.values()
    )
    pages = answers(found, "video-labels")
    assert [page[0]["JobStatus"] for page in pages.values()] == ["SUCCEEDED"] * 2
    billed = rekognition.billed()
    assert billed["StartLabelDetection"] == {"s3://mixed/f/one-1s.mp4": 1, "s3://mixed/f/two-2s.mov": 1}
    costs = look("costs", "last", home=home)
    lines = {line["meter"]: line for line in costs["lines"]}
    assert lines["video-labels"]["actual"] == {
        **lines["video-labels"]["planned"],
        "tiers": lines["video-labels"]["actual"]["tiers"],
    }
    assert lines["video-labels"]["actual"]["units"] == 0.05
    assert costs["usd"]["actual"] == costs["usd"]["planned"]
