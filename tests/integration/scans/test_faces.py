"""Faces of one folder indexed by a scan, the same people found in another by a second scan, and one person compared."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.support.places import ROOT
from tests.support.scans import Emulator, Scan, emulator, tables

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SHIPPED = ROOT / "emulator" / "photos"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    folder = tmp_path / "known people"
    folder.mkdir()
    for name in ("obama-portrait.jpg", "hopper.jpg", "biden.jpg"):
        shutil.copy(SHIPPED / name, folder / name)
    return folder


@pytest.fixture
def found(tmp_path: Path) -> Path:
    folder = tmp_path / "found"
    folder.mkdir()
    shutil.copy(SHIPPED / "obama-speech.jpg", folder / "speech.jpg")
    shutil.copy(SHIPPED / "coffee.jpg", folder / "nobody.jpg")
    Image.open(SHIPPED / "hopper.jpg").convert("L").save(folder / "gray hopper.jpg", quality=92)
    return folder


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("models"), "--engine", "models") as running:
        yield running


def scan(source: Path, home: Path, api: str) -> None:
    status = Scan("scan", str(source), "--api", api, "--local", "--json", home=home).status()
    assert status["state"] == "finished"
    assert status["calls"]["failed"] == 0, status


def test_indexed_people_are_found_again_and_no_face_is_an_answer(known: Path, found: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    scan(known, home, "index-faces:collection=people,create=true")
    indexed = tables(home).rows("index_faces")
    assert {row["uri"].rpartition("/")[2] for row in indexed if row["face_id"]} == {
        "obama-portrait.jpg",
        "hopper.jpg",
        "biden.jpg",
    }
    scan(found, home, "search-faces:collection=people")
    rows = tables(home).rows("search_faces")
    matches = {row["uri"].rpartition("/")[2]: row["external_image_id"] for row in rows if row["external_image_id"]}
    assert matches["speech.jpg"].endswith("obama-portrait.jpg")
    assert matches["gray hopper.jpg"].endswith("hopper.jpg")
    images = {row["uri"].rpartition("/")[2]: row["status"] for row in tables(home).rows("images")}
    assert images["nobody.jpg"] == "ok"
    assert "nobody.jpg" not in matches


def test_one_person_is_looked_for_in_a_whole_folder(
    known: Path, found: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    home = tmp_path / "home"
    code, out = compared(known / "obama-portrait.jpg", found, rekognition, home)
    assert (code, json.loads(out)["calls"]["failed"]) == (0, 0), out
    rows = tables(home).rows("compare_faces")
    assert [row["uri"].rpartition("/")[2] for row in rows if row["matched"]] == ["speech.jpg"]
    # The picture asked for is in the job, where workers elsewhere find it too.
    spec = json.loads((tables(home).folder / "job.json").read_text())
    assert (tables(home).folder / spec["apis"][0]["params"]["source"]).is_file()


def compared(source: Path, photos: Path, rekognition: Emulator, home: Path) -> tuple[int, str]:
    return asked(f"compare-faces:source={source}", photos, rekognition, home).wait()


def asked(api: str, photos: Path, rekognition: Emulator, home: Path) -> Scan:
    url = ("--rekognition-endpoint-url", rekognition.url)
    return Scan("scan", str(photos), "--api", api, "--yes", "--json", "--workers", "1", *url, home=home, env=KEYS)


def test_a_source_without_a_face_stops_the_job_at_the_first_call(
    found: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    before = rekognition.total()
    code, out = compared(SHIPPED / "rocket.jpg", found, rekognition, tmp_path / "home")
    assert (code, '"state": "blocked"' in out, "no face in the picture" in out) == (4, True, True), out
    assert rekognition.total() - before == 2  # one, and one that told whose face was missing


def test_pictures_without_a_face_cost_one_call_more_that_shows_the_source_has_one(
    found: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    before = rekognition.total()
    (found / "gray hopper.jpg").unlink()
    (found / "speech.jpg").unlink()
    Image.open(SHIPPED / "rocket.jpg").save(found / "another nobody.jpg")
    code, out = compared(SHIPPED / "obama-portrait.jpg", found, rekognition, tmp_path / "home")
    assert (code, json.loads(out)["calls"]["ok"]) == (0, 2), out
    assert rekognition.total() - before == 3
    # It is an attempt like any other: on its row, and in the sum.
    assert sum(row["attempts"] for row in tables(tmp_path / "home").outcomes()) == 3


def test_a_collection_that_is_not_there_is_said_before_anything_is_paid(
    found: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    before = rekognition.counts().get("SearchFacesByImage")
    run = asked("search-faces:collection=nobody", found, rekognition, tmp_path / "home")
    code, _ = run.wait()
    assert rekognition.counts().get("SearchFacesByImage") == before
    assert code == 1
    assert "nobody" in run.log.read_text()
