"""The whole way with the real emulator: 60 mixed files scanned twice, once with a worker killed; odd file names."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.support.places import ROOT
from tests.support.scans import Emulator, Scan, Tables, emulator, tables
from tests.support.waiting import until


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 files: real photos cut and turned so that all differ, other formats, broken ones, no pictures at all."""
    root = tmp_path_factory.mktemp("archive")
    shipped = ROOT / "emulator" / "photos"
    photos = [Image.open(path).convert("RGB") for path in sorted(shipped.glob("*.[jp][pn]g"))]
    for number in range(60):
        photo = photos[number % len(photos)]
        side = min(photo.size) - number % 40
        picture = photo.crop((0, 0, side, side)).resize((224, 224))
        folder = root / f"batch {number % 7}"
        folder.mkdir(exist_ok=True)
        kind = number % 10
        if kind == 7:
            picture.save(folder / f"{number}.webp")
        elif kind == 8:
            picture.save(folder / f"{number}.jpg")
            whole = (folder / f"{number}.jpg").read_bytes()
            (folder / f"{number}.jpg").write_bytes(whole[: len(whole) // 2])
        elif kind == 9:
            (folder / f"{number}.{('txt', 'jpg')[number % 20 == 9]}").write_bytes(b"no picture %d" % number)
        else:
            exif = Image.Exif()
            exif[0x0112] = 1 + number % 8
            picture.save(folder / f"{number}.jpg", exif=exif)
    return root


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("models"), "--engine", "models") as running:
        yield running


def scan(archive: Path, home: Path, rekognition: Emulator) -> Scan:
    return Scan(
        "scan", str(archive), "--api", "faces,properties", "--yes", "--json", "--shard-size", "10",
        "--rekognition-endpoint-url", rekognition.url, home=home, env={"REKSCAN_CALLS": "4"},
    )  # fmt: skip


def check(found: Tables, status: dict, archive: Path) -> None:  # type: ignore[type-arg]
    calls = status["calls"]
    assert calls["planned"] == calls["ok"] + calls["skipped"] + calls["failed"]
    uris = [row["uri"] for row in found.rows("images")]
    assert sorted(uris) == sorted(str(path) for path in archive.rglob("*") if path.is_file())


def test_two_scans_agree_row_for_row_though_a_worker_was_killed_in_one(
    archive: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    whole = scan(archive, tmp_path / "whole", rekognition).status()
    killed = scan(archive, tmp_path / "killed", rekognition)
    until(lambda: list((tmp_path / "killed").glob("*/results/*.parquet")), "a first part is written", seconds=120)
    killed.kill_worker()
    other = killed.status()
    assert whole["state"] == other["state"] == "finished"
    one, two = tables(tmp_path / "whole"), tables(tmp_path / "killed")
    check(one, whole, archive)
    check(two, other, archive)
    for name in ("images", "faces", "properties"):
        assert one.rows(name, "since") == two.rows(name, "since"), name
    assert one.rows("failures", "attempts", "maybe_billed") == two.rows("failures", "attempts", "maybe_billed")
    assert {row["code"] for row in one.rows("failures")} == {"truncated", "not-an-image"}


def test_odd_names_survive_to_the_tables(tmp_path: Path) -> None:
    root = tmp_path / "odd"
    root.mkdir()
    names = [
        b"a b.jpg",
        b"line\nbreak.jpg",
        b"100%41.jpg",
        b"=1+1.jpg",
        b"\xff\xfe bytes.jpg",
        "é😀.jpg".encode(),
        b'q"uote.jpg',
    ]
    for number, name in enumerate(names):
        picture = Image.new("RGB", (90, 90), (number * 30, 10, 10))
        with (root / os.fsdecode(name)).open("wb") as file:
            picture.save(file, "JPEG")
    (root / ".hidden.jpg").write_bytes(b"x")
    (root / "loop").symlink_to(root)
    (root / "gone.jpg").symlink_to(root / "nowhere")
    status = Scan("scan", str(root), "--api", "properties", "--local", "--json", home=tmp_path / "home").status()
    assert status["calls"]["ok"] == len(names)
    found = tables(tmp_path / "home")
    rows = {row["uri"]: row for row in found.rows("images")}
    for name in names:
        try:
            uri = str(root / name.decode())
        except UnicodeDecodeError:
            uri = f"file://{root}/%FF%FE%20bytes.jpg"
        assert rows[uri]["status"] == "ok"
    reasons = {uri.rpartition("/")[2]: row["reason"] for uri, row in rows.items() if row["status"] == "skipped"}
    assert reasons[".hidden.jpg"] == "hidden"
    assert reasons["gone.jpg"].startswith("unreadable")
    with (found.folder / "reports" / "images.csv").open(newline="", encoding="utf-8") as file:
        assert {row["uri"] for row in csv.DictReader(file)} == set(rows)
