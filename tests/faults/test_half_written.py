"""Parts cut in the middle, as a power cut or a lying disk leaves them: seen by their footer, put aside, asked again."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.ledger.keys import key
from tests.support.scans import Emulator, Scan, Tables, emulator, left_in_redis, look, make_photos, same_tables, tables
from tests.support.waiting import until

PHOTOS, SHARD = 60, 10


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), PHOTOS)


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start(photos, directory / "home", running, tps=200).status()["state"] == "finished"
    return tables(directory / "home")


def start(source: Path, home: Path, rekognition: Emulator, *more: str, tps: int = 12) -> Scan:
    return Scan(
        "scan", str(source), "--api", "faces", "--yes", "--json", "--shard-size", str(SHARD), "--tps", f"faces={tps}",
        "--rekognition-endpoint-url", rekognition.url, *more, home=home, env={"REKSCAN_SHARDS": "1"},
    )  # fmt: skip


def cut(part: Path) -> int:
    """Leave half of a part; the number of its shard."""
    data = part.read_bytes()
    part.write_bytes(data[: len(data) // 2])
    return int(part.name[6:12])


def marked(found: Tables) -> dict[int, int]:
    """By item, attempts whose answer is lost."""
    return {row["item_id"]: row["maybe_billed"] for row in found.outcomes() if row["maybe_billed"]}


def parts(home: Path, least: int) -> list[Path]:
    found = sorted(home.glob("*/results/shard-*.parquet"))
    return found if len(found) >= least else []


def test_after_a_power_cut_a_half_written_part_is_asked_again_as_maybe_billed(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition)
    committed = until(lambda: parts(home, 2), "two parts are written")
    scan.kill_everything()
    torn = cut(committed[0])
    leftover = committed[1].with_name(".shard-000005.parquet.0badf00d.tmp")
    shutil.copy(committed[0], leftover)
    assert look("status", "last", home=home)["reason"] == "interrupted"
    resumed = Scan("resume", "last", "--json", home=home).status()
    assert (resumed["state"], resumed["calls"]["ok"]) == ("finished", PHOTOS)
    found = tables(home)
    same_tables(found, undisturbed, "images", "faces")
    of_torn = range(torn * SHARD, (torn + 1) * SHARD)
    assert {item: marks for item, marks in marked(found).items() if item in of_torn} == dict.fromkeys(of_torn, 1)
    assert rekognition.total() <= PHOTOS + sum(marked(found).values())
    assert resumed["calls"]["maybe_billed"] == sum(marked(found).values())
    assert [path.name for path in home.glob("*/results/*.torn")] == [f"{committed[0].name}.torn"]
    assert left_in_redis(home) == {key(found.folder.name)}


def test_a_half_written_part_that_a_worker_meets_is_not_taken_for_done(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition)
    results = until(lambda: parts(home, 1), "a first part is written")[0].parent
    last = results / f"shard-{PHOTOS // SHARD - 1:06d}.parquet"
    data = (undisturbed.folder / "results" / last.name).read_bytes()
    last.write_bytes(data[:-5])  # in another worker's name, which then lost its power
    status = scan.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", PHOTOS)
    found = tables(home)
    same_tables(found, undisturbed, "images", "faces")
    assert pq.read_metadata(last).num_rows == SHARD
    assert marked(found) == dict.fromkeys(range(PHOTOS - SHARD, PHOTOS), 1)
    assert rekognition.total() == PHOTOS


def test_what_a_half_written_part_may_have_cost_counts_against_the_cap(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition, "--max-cost", "0.06")
    committed = until(lambda: parts(home, 1), "a first part is written")
    scan.process.send_signal(signal.SIGINT)
    assert scan.wait()[0] == 130
    cut(committed[0])
    code, out = Scan("resume", "last", "--json", home=home).wait()
    status = json.loads(out)
    assert (code, status["state"], status["reason"]) == (4, "incomplete", "budget")
    assert rekognition.total() <= PHOTOS


def test_a_half_written_part_of_one_job_does_not_hinder_another(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition)
    committed = until(lambda: parts(home, 1), "a first part is written")
    scan.kill_everything()
    cut(committed[0])
    other: Any = start(make_photos(tmp_path / "other", 5), home, rekognition, "--beside").status()
    assert (other["state"], other["calls"]["ok"]) == ("finished", 5)
