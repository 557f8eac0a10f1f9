"""Whole scans of films by image APIs: frames are rows like pictures, whatever the film is."""

import hashlib
from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.codes import Code
from reports.pictures import open_item
from tests.support.film_scans import calls, scan_of
from tests.support.films import film, number_on, numbered
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, emulator, make_photos, tables

SIDE = (128, 96)
FILM = film(rate=25, frames=75, side=SIDE, pictures=numbered(75))
OTHERS = islice(numbered(112), 100, None)
HEVC = film(codec="libx265", rate=5, frames=12, side=SIDE, pictures=OTHERS, **{"x265-params": "log-level=none"})


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def rekognition(shared: Emulator) -> Emulator:
    shared.reset()
    return shared


def local(home: Path, source: Path, rekognition: Emulator, apis: str, frames: str, *more: str) -> Scan:
    where = ("--rekognition-endpoint-url", rekognition.url)
    return Scan("scan", str(source), "--api", apis, "--frames", frames, "--yes", "--json", *where, *more, home=home)


def by_name(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    return {row["uri"].rpartition("/")[2]: (row["status"], row["reason"]) for row in rows}


def test_frames_and_pictures_of_a_folder_are_rows_of_one_job(tmp_path: Path, rekognition: Emulator) -> None:
    source = make_photos(tmp_path / "archive", 1)
    (source / "a film.mp4").write_bytes(FILM)
    (source / "b hevc.mov").write_bytes(HEVC)
    (source / "c short.mp4").write_bytes(film(frames=25)[:700])
    (source / "d.mkv").write_bytes(film("matroska", frames=5))
    status = local(tmp_path / "home", source, rekognition, "labels,properties,faces", "1/s").status()
    assert status["state"] == "finished"
    assert calls(status) == dict.fromkeys(("labels", "properties", "faces"), (7, 7, 0, 0))  # 3 and 3 frames, a picture
    found = tables(tmp_path / "home")
    images = found.rows("images")
    assert by_name(images) == {
        "a film.mp4": ("skipped", Code.AS_FRAMES),
        **{f"a film.mp4#t={at}.000": ("ok", None) for at in range(3)},
        "b hevc.mov": ("skipped", Code.AS_FRAMES),
        **{f"b hevc.mov#t={at}.000": ("ok", None) for at in range(3)},
        "c short.mp4": ("skipped", Code.TRUNCATED),
        "d.mkv": ("skipped", f"{Code.UNSUPPORTED_CONTAINER}: mkv"),
        "photo-0000.jpg": ("ok", None),
    }
    frames = [row for row in images if row["kind"] == "frame"]
    assert {row["video"] for row in frames} == {str(source / "a film.mp4"), str(source / "b hevc.mov")}
    assert [row["timestamp_ms"] for row in frames] == [0, 1000, 2000] * 2
    assert {(row["width"], row["height"], row["format"], row["sent"]) for row in frames} == {(128, 96, "jpeg", "bytes")}
    [picture] = [row for row in images if row["kind"] == "image"]
    assert (picture["video"], picture["timestamp_ms"]) == (None, None)
    moments = {
        row["item_id"]: (row["video"], row["timestamp_ms"]) for row in images if row["kind"] in ("image", "frame")
    }
    for name in ("labels", "properties", "faces"):
        rows = found.rows(name)
        assert {row["item_id"]: (row["video"], row["timestamp_ms"]) for row in rows} == moments
    sent = {row["content"] for row in found.outcomes()}
    assert {f"sha256:{content}" for content in rekognition.counts()["DetectLabels"]} == sent
    assert f"sha256:{hashlib.sha256((source / 'photo-0000.jpg').read_bytes()).hexdigest()}" in sent
    page = (found.folder / "reports" / "report.html").read_text()
    pictures = found.folder / "reports" / "report"
    for row, number in zip(frames, (0, 25, 50, 100, 105, 110), strict=True):
        name = Path(row["video"]).name
        assert f"{name} at 0:0{row['timestamp_ms'] // 1000}" in page
        assert number_on(Image.open(pictures / f"{row['item_id']}.jpg")) == number
    assert number_on(open_item(frames[-1])) == 110
    again = local(tmp_path / "home", source, rekognition, "labels", "1/s").status()
    assert calls(again) == {"labels": (7, 7, 0, 0)}
    assert rekognition.total() == 14  # labels and properties share a call; the second scan knew each frame


def test_moments_that_a_film_promises_and_does_not_show_are_skipped_rows(tmp_path: Path, rekognition: Emulator) -> None:
    source = tmp_path / "archive"
    source.mkdir()
    seconds = film(rate=25, frames=75, side=SIDE, g="25", pictures=numbered(75), flags="faststart")
    media = seconds.rindex(b"mdat") + 4
    (source / "torn.mp4").write_bytes(seconds[: media + (len(seconds) - media) // 2].ljust(len(seconds), b"\0"))
    status = local(tmp_path / "home", source, rekognition, "labels", "2/s").status()
    assert status["state"] == "finished"
    [(planned, ok, skipped, failed)] = calls(status).values()
    assert (planned, failed) == (6, 0)
    assert 0 < ok < 6
    assert ok + skipped == 6
    last = [row for row in tables(tmp_path / "home").rows("images") if row["kind"] == "frame"][-1]
    assert (last["status"], last["reason"]) == ("skipped", Code.NO_FRAME)


def test_frames_of_films_on_s3_beside_the_films_themselves(tmp_path: Path, s3: S3Server, rekognition: Emulator) -> None:
    s3.bucket("archive", {"films/a.mp4": FILM, "films/b.mp4": HEVC})
    scan = scan_of(
        tmp_path / "home", "s3://archive/films/", "labels,video-labels", s3, rekognition, "--frames", "every=1s"
    )
    status = scan.status()
    assert calls(status) == {"labels": (6, 6, 0, 0), "video-labels": (1, 1, 0, 0)}
    found = tables(tmp_path / "home")
    frames = [(row["video"], row["timestamp_ms"], row["status"]) for row in found.rows("images")]
    assert frames == [(f"s3://archive/films/{name}.mp4", at, "ok") for name in "ab" for at in (0, 1000, 2000)]
    films = {row["uri"]: (row["status"], row["reason"]) for row in found.rows("videos")}
    assert films == {
        "s3://archive/films/a.mp4": ("ok", None),
        "s3://archive/films/b.mp4": ("skipped", f"{Code.UNSUPPORTED_CODEC}: hevc"),
    }
    assert found.spec()["options"]["frames"] == "every=1s"
    shown = {path.name for path in (found.folder / "reports" / "report").iterdir()}
    assert {f"{row['item_id']}.jpg" for row in found.rows("images")} <= shown


def test_one_frame_a_shot_and_near_identical_ones_left_out(tmp_path: Path, rekognition: Emulator) -> None:
    source = tmp_path / "archive"
    source.mkdir()
    colors = ((250, 0, 0), (0, 250, 0), (0, 0, 250))
    pictures = list(chain.from_iterable(repeat(np.full((96, 128, 3), color, np.uint8), 50) for color in colors))
    (source / "three shots.mp4").write_bytes(film(rate=25, frames=150, side=SIDE, pictures=pictures))
    shots = local(tmp_path / "shots", source, rekognition, "labels", "shots").status()
    assert calls(shots) == {"labels": (3, 3, 0, 0)}
    assert {row["timestamp_ms"] for row in tables(tmp_path / "shots").rows("labels")} == {1000, 3000, 5000}
    dynamic = local(tmp_path / "dynamic", source, rekognition, "labels", "dynamic").status()
    assert calls(dynamic) == {"labels": (3, 3, 0, 0)}
    images = tables(tmp_path / "dynamic").rows("images")
    assert [(row["timestamp_ms"], row["status"], row["reason"]) for row in images] == [
        (None, "skipped", Code.AS_FRAMES),
        (0, "ok", None),
        (1000, "skipped", Code.NEAR_IDENTICAL),
        (2000, "ok", None),
        (3000, "skipped", Code.NEAR_IDENTICAL),
        (4000, "ok", None),
        (5000, "skipped", Code.NEAR_IDENTICAL),
    ]


def test_a_cap_holds_among_a_films_frames_and_a_higher_one_goes_on_with_the_rest(
    tmp_path: Path, rekognition: Emulator
) -> None:
    source = tmp_path / "archive"
    source.mkdir()
    (source / "film.mp4").write_bytes(FILM)
    capped = local(tmp_path / "home", source, rekognition, "labels", "2/s", "--max-cost", "0.004").status()
    assert (capped["state"], capped["calls"]["ok"], rekognition.total()) == ("incomplete", 4, 4)
    status = Scan("resume", "last", "--json", "--max-cost", "1", home=tmp_path / "home").status()
    assert calls(status) == {"labels": (6, 6, 0, 0)}
    assert rekognition.total() == 6
    assert (status["usd"]["planned"], status["usd"]["actual"]) == ("0.006", "0.006")
