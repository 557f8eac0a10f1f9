"""A scan of a sample, then of the whole: what the first says of all images is so, and its answers are not asked again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder, list_jobs
from rekscan.scans.order import Order, Planned, plan_order
from rekscan.settings import resolve
from tests.support.scans import Emulator, Scan, Tables, emulator, look, tables

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
API = ("--api", "properties")
COLORS = {"2018": (200, 20, 20), "2019/IMG_201905": (20, 160, 30), "rest": (30, 40, 200)}
IMAGES, BROKEN, DRAWN = 210, 9, 70


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red ones, green ones and blue ones, a folder each; every 23rd is broken."""
    root = tmp_path_factory.mktemp("photos")
    for number in range(IMAGES):
        start, color = list(COLORS.items())[number % 10 % 3]
        path = root / f"{start}{f'{1 + number % 28:02d}_' if 'IMG' in start else '/'}{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (96, 96), color)
        picture.putpixel((number % 96, number // 96), (255, 255, 255))
        if number % 24 == 5:
            path.write_bytes(b"\x89PNG\r\n\x1a\n broken" + bytes([number]))
        else:
            picture.save(path)
    (root / "notes.txt.bak").write_text("no picture")
    (root / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42 no film")
    return root


@dataclass(frozen=True)
class Scans:
    """A job over a sample, and then one over the whole, of one home."""

    home: Path
    sample: dict[str, Any]
    whole: dict[str, Any]
    asked_by_sample: int
    asked: int
    talk: str

    def tables(self, status: dict[str, Any]) -> Tables:
        return Tables(self.home / status["job"])


@pytest.fixture(scope="module")
def scans(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scans]:
    root = tmp_path_factory.mktemp("sample")
    home = root / "home"
    with emulator(root, "--engine", "models") as rekognition:
        url = ("--rekognition-endpoint-url", rekognition.url)

        def scan(*more: str) -> dict[str, Any]:
            return Scan("scan", str(photos), *API, "--yes", "--json", *url, *more, home=home, env=KEYS).status()

        sample = scan("--sample", str(DRAWN))
        after_sample = rekognition.total()
        whole = scan()
        yield Scans(home, sample, whole, after_sample, rekognition.total(), "")


def test_what_a_sample_answered_is_not_asked_again_for_the_whole(scans: Scans) -> None:
    assert scans.sample["state"] == scans.whole["state"] == "finished"
    assert scans.sample["calls"]["planned"] == DRAWN
    assert scans.whole["calls"] | {"maybe_billed": 0} == scans.whole["calls"]
    assert scans.asked_by_sample == scans.sample["calls"]["ok"]
    assert scans.asked == scans.whole["calls"]["ok"] == IMAGES - BROKEN
    known = [row for row in scans.tables(scans.whole).rows("images") if row["known"]]
    assert len(known) == scans.asked_by_sample
    assert {row["since"] for row in known} == {scans.sample["job"]}


def test_the_truth_of_the_whole_lies_in_what_the_sample_said_of_it(scans: Scans) -> None:
    said = look("report", scans.sample["job"], "--no-thumbnails", home=scans.home)["whole"]
    assert said["sample"] == {"asked": str(DRAWN), "seed": 20261123, "whole": IMAGES, "drawn": DRAWN}
    (api,) = said["apis"]
    assert api["api"] == "properties" and api["without_answer"] == 0
    whole = scans.tables(scans.whole)
    truth: dict[str, set[int]] = {}
    for row in whole.rows("properties"):
        if row["simplified_color"]:
            truth.setdefault(row["simplified_color"], set()).add(row["item_id"])
    found = {one["name"]: one["images"] for one in api["found"]}
    assert len(truth) >= 3 and set(found) >= {name for name, items in truth.items() if len(items) > 20}
    for name, items in truth.items():
        assert found[name]["low"] <= len(items) <= found[name]["high"], name
        assert found[name]["high"] - found[name]["low"] < IMAGES / 4
    answered = api["answered"]["images"]
    assert answered["low"] <= IMAGES - BROKEN <= answered["high"] < IMAGES


def test_a_sample_says_what_it_is_of_wherever_it_is_shown(scans: Scans) -> None:
    job = scans.sample["job"]
    assert look("status", job, home=scans.home)["sample"] == {"drawn": DRAWN, "whole": IMAGES, "seed": 20261123}
    page = (scans.home / job / "reports" / "report.html").read_text()
    assert f"What this says of all {IMAGES} images" in page and f"a sample of {DRAWN} of {IMAGES} images" in page.lower()
    assert "What this says" not in (scans.home / scans.whole["job"] / "reports" / "report.html").read_text()
    sample = scans.tables(scans.sample).spec()["sample"]
    folders = {Path(one["name"]).name: (one["whole"], one["drawn"]) for one in sample["strata"]}
    assert sum(whole for whole, _ in folders.values()) == IMAGES
    assert sum(drawn for _, drawn in folders.values()) == DRAWN
    assert {"2018", "2019-05"} < set(folders)
