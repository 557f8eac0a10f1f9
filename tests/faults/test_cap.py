"""A listing that a cap cuts: only what the cap could pay for is listed, and a higher cap goes on with the rest."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.scans import Emulator, Scan, emulator, make_photos, tables

SMALL_PARTS = ("-m", "tests.faults.small_parts")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 100)


def scan(source: Path, tmp_path: Path, rekognition: Emulator, cap: str, *more: str) -> tuple[int, dict[str, Any]]:
    return run(
        tmp_path, "scan", str(source), "--api", "labels", "--shard-size", "10", "--tps", "labels=100",
        "--rekognition-endpoint-url", rekognition.url, "--max-cost", cap, *more,
    )  # fmt: skip


def run(tmp_path: Path, *words: str) -> tuple[int, dict[str, Any]]:
    command = Scan(*words, "--json", home=tmp_path / "home", program=SMALL_PARTS)
    code, out = command.wait()
    assert out, command.log.read_text()[-3000:]
    return code, json.loads(out)


def test_the_listing_stops_where_the_cap_ends_and_goes_on_when_it_is_raised(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path) as rekognition:
        code, status = scan(photos, tmp_path, rekognition, "0.0375")
        assert (code, status["state"], status["reason"]) == (4, "incomplete", "budget")
        assert status["calls"]["planned"] == 40  # the end of the part that holds the 37 it pays for
        assert rekognition.total() == 37
        cut = tables(tmp_path / "home").spec()
        assert (cut["items"], cut["options"]["cut"], cut["plan"]["total_usd"]) == (40, True, "0.04")

        code, status = run(tmp_path, "resume", "last", "--max-cost", "0.06")
        assert (code, status["state"], status["reason"]) == (4, "incomplete", "budget")
        assert (status["calls"]["planned"], status["calls"]["ok"]) == (
            60,
            60,
        )  # all listed is done, the source has more
        assert status["usd"] == {"planned": "0.06", "actual": "0.06", "maybe": "0"}
        assert sorted(p.name for p in (tables(tmp_path / "home").folder / "reports").glob("images*partial*"))

        code, status = run(tmp_path, "resume", "last", "--max-cost", "1")
        assert (code, status["state"]) == (0, "finished")
        assert (status["calls"]["planned"], status["calls"]["ok"]) == (100, 100)
        assert rekognition.total() == 100
    found = tables(tmp_path / "home")
    assert [row["uri"] for row in found.rows("images")] == sorted(str(path) for path in photos.glob("*.jpg"))
    assert found.spec()["items"] == 40  # job.json is as it was written
    assert sorted(path.name for path in found.folder.glob("amended-*.json")) == ["amended-001.json", "amended-002.json"]


def test_a_source_that_ends_where_the_cap_does_finishes(tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 40)
    with emulator(tmp_path) as rekognition:
        assert scan(source, tmp_path, rekognition, "0.04")[0] == 0
        assert rekognition.total() == 40


def test_what_costs_nothing_takes_nothing_from_the_cap(photos: Path, tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 50, broken=30)  # "broken" sorts first
    with emulator(tmp_path) as rekognition:
        code, status = scan(source, tmp_path, rekognition, "0.035")
        assert (code, status["reason"], rekognition.total()) == (4, "budget", 35)
        assert status["calls"]["planned"] == 80
        # A home that has answers: they cost nothing, so the same cap reaches past them.
        code, status = scan(source, tmp_path, rekognition, "0.02")
        assert (code, status["state"], rekognition.total()) == (0, "finished", 50)


def test_new_pictures_equal_to_listed_ones_are_not_paid_again(tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 30)
    for number in range(15, 30):
        shutil.copy(source / f"photo-{number:04d}.jpg", source / f"twin-{number:04d}.jpg")
    with emulator(tmp_path) as rekognition:
        assert scan(source, tmp_path, rekognition, "0.02")[0] == 4  # 20 of 45 are listed, then 40
        assert rekognition.total() == 20
        code, status = run(tmp_path, "resume", "last", "--max-cost", "0.031")
        assert (code, status["calls"]["ok"], rekognition.total()) == (0, 45, 30)


def test_a_source_that_changed_is_refused_with_what_to_do(tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 60)
    with emulator(tmp_path) as rekognition:
        assert scan(source, tmp_path, rekognition, "0.02")[0] == 4
        shutil.copy(source / "photo-0000.jpg", source / "a-new-one.jpg")
        command = Scan("resume", "last", "--max-cost", "1", home=tmp_path / "home")
        assert command.wait()[0] == 1
        said = command.log.read_text()
        assert "has changed since job" in said
        assert "Start a new scan" in said
        assert rekognition.total() == 20
        assert not list((tmp_path / "home").glob("*/amended-*"))


def test_the_plan_says_that_the_listing_was_cut(photos: Path, tmp_path: Path) -> None:
    code, plan = run(
        tmp_path, "scan", str(photos), "--api", "labels", "--max-cost", "0.01", "--dry-run", "--shard-size", "10"
    )
    assert code == 0
    assert (plan["items"]["images"], plan["total_usd"]) == (20, "0.02")
    assert plan["assumptions"][0].startswith("Cut: the cap pays for no more than the 20 images listed")
    assert plan["assumptions"][1] == (
        "May stop at the cap of $0.01: about 10 of 20 images; what turns out to be known or broken costs nothing."
    )


def test_a_cap_that_pays_for_no_call_starts_nothing_unless_answers_may_be_known(tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 3)
    with emulator(tmp_path) as rekognition:
        for cap in ("0", "0.0009"):
            words = ("scan", str(source), "--api", "labels", "--rekognition-endpoint-url", rekognition.url)
            refused = Scan(*words, "--max-cost", cap, home=tmp_path / "home", program=SMALL_PARTS)
            assert refused.wait()[0] == 1
            assert "pays for no call, of $0.003" in " ".join(refused.log.read_text().split())
        assert not list((tmp_path / "home").glob("*/job.json"))
        assert scan(source, tmp_path, rekognition, "0.003")[0] == 0
        code, status = scan(source, tmp_path, rekognition, "0")
        assert (code, status["calls"]["ok"], rekognition.total()) == (0, 3, 3)
