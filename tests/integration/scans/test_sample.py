"""A scan of a sample, then of the whole: what the first says of all images holds, and nothing is asked twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder, list_jobs
from jobs.plan.text import title
from rekscan.scans.order import Order, Planned, plan_order
from rekscan.settings import resolve
from tests.support.pictures import encoded
from tests.support.s3_server import s3_server
from tests.support.scans import Scan, Tables, emulator, look

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SOURCE = ("s3://photos/", "--api", "properties")  # where they are says which are drawn: not in a folder of this run
RED, GREEN, BLUE = (200, 20, 20), (20, 160, 30), (30, 40, 200)
IMAGES, BROKEN, DRAWN = 90, 4, 45


def photos() -> dict[str, bytes]:
    """Red ones in a folder, blue ones of another year, green ones in both; every 24th is broken."""
    objects = {"notes.txt.bak": b"no picture", "film.mp4": b"\0\0\0\x18ftypmp42 no film"}
    for number in range(IMAGES):
        color = GREEN if number % 3 == 0 else (RED, BLUE)[number % 2]
        picture = Image.new("RGB", (96, 96), color)
        picture.putpixel((number, 0), (255, 255, 255))
        key = ("2018/", f"IMG_201905{number // 4 + 1:02d}_")[number % 2] + f"{number}.png"
        objects[key] = b"\x89PNG\r\n\x1a\n broken" if number % 24 == 5 else encoded(picture, "PNG")
    return objects


@dataclass(frozen=True)
class Scans:
    """A job over a sample, and then one over the whole, of one home."""

    home: Path
    sample: dict[str, Any]
    whole: dict[str, Any]
    asked_by_sample: int
    asked: int

    def tables(self, status: dict[str, Any]) -> Tables:
        return Tables(self.home / status["job"])


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scans]:
    root = tmp_path_factory.mktemp("sample")
    home = root / "home"
    with s3_server() as s3, emulator(root, "--engine", "models", "--s3-endpoint-url", s3.url) as rekognition:
        s3.bucket("photos", photos())
        env = KEYS | {"REKSCAN_S3_ENDPOINT_URL": s3.url, "REKSCAN_REKOGNITION_ENDPOINT_URL": rekognition.url}

        def scan(*more: str) -> dict[str, Any]:
            return Scan("scan", *SOURCE, "--yes", "--json", *more, home=home, env=env).status()

        sample = scan("--sample", str(DRAWN))
        after_sample = rekognition.total()
        whole = scan()
        yield Scans(home, sample, whole, after_sample, rekognition.total())


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
    assert len(truth) >= 3 and set(found) >= {name for name, items in truth.items() if len(items) > 15}
    for name, items in truth.items():
        assert found[name]["low"] <= len(items) <= found[name]["high"], name
        assert found[name]["high"] - found[name]["low"] < IMAGES / 4
    answered = api["answered"]["images"]
    assert answered["low"] <= IMAGES - BROKEN <= answered["high"] < IMAGES


def test_a_sample_says_what_it_is_of_wherever_it_is_shown(scans: Scans) -> None:
    job = scans.sample["job"]
    assert look("status", job, home=scans.home)["sample"] == {"drawn": DRAWN, "whole": IMAGES, "seed": 20261123}
    drawn = {one["job"]: one.get("sample") for one in look("jobs", home=scans.home)}
    assert drawn == {job: {"drawn": DRAWN, "whole": IMAGES, "seed": 20261123}, scans.whole["job"]: None}
    assert look("diff", job, scans.whole["job"], home=scans.home)["sampled"] == {job: drawn[job]}
    page = (scans.home / job / "reports" / "report.html").read_text()
    assert (
        f"What this says of all {IMAGES} images" in page and f"a sample of {DRAWN} of {IMAGES} images" in page.lower()
    )
    assert "What this says" not in (scans.home / scans.whole["job"] / "reports" / "report.html").read_text()
    sample = scans.tables(scans.sample).spec()["sample"]
    assert [(one["name"], one["whole"]) for one in sample["strata"]] == [
        ("s3://photos/2018", 45), ("s3://photos/2019/2019-05", 45),
    ]  # fmt: skip
    assert sum(one["drawn"] for one in sample["strata"]) == DRAWN


def planned(home: Path, source: Path, order: Order, api: str = "labels") -> Planned:
    settings = resolve(None, home=str(home), region="us-east-1")
    return plan_order([str(source)], [api], order, settings, local=True)


def test_a_plan_is_of_the_sample_and_says_what_all_would_cost(tmp_path: Path) -> None:
    source, home = tmp_path / "photos", tmp_path / "home"
    source.mkdir()
    for number in range(40):
        (source / f"{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes([number]))
    (source / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (source / ".hidden.jpg").write_bytes(b"x")
    found = planned(home, source, Order(sample="10", seed=7))
    counts = found.plan.counts
    assert (counts.images, counts.videos, counts.skipped) == (10, 1, {"hidden": 1})
    assert title(found.plan) == "A sample of 10 of 40 images, 1 video in us-east-1"
    assert any("All 40 images would cost $0.04" in said for said in found.plan.assumptions)
    folder = found.approved()
    (sample,) = [JobFolder(folder.home, name).spec.sample for name in list_jobs(str(home))]
    assert (sample.asked, sample.seed, sample.whole, sample.drawn) == ("10", 7, 40, 10)
    assert folder.spec.items == folder.spec.plan.items.images == 10
    more = planned(home, source, Order(sample="50%", seed=7))
    ten, half = ({item.uri for item in job.items(0)} for job in (folder, more.approved()))
    assert ten <= half or half <= ten
    for order, refused in (
        (Order(sample="10", max_cost=Decimal("0.005")), "is no sample"),
        (Order(sample="0.01%"), "has none"),
        (Order(seed=7), "--seed"),
        (Order(sample="ten"), "neither a share"),
    ):
        with pytest.raises(RekscanError, match=refused):
            planned(home, source, order)
    for order, api in ((Order(sample="10"), "video-labels"), (Order(sample="10", frames="1/s"), "labels")):
        with pytest.raises(UsageError, match="asks about films"):
            planned(home, source, order, api)
    assert len(list(home.glob("2*"))) == 2  # nothing of what was refused is left
