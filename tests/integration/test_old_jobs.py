"""Job homes written by earlier versions: read, counted, reported and gone on with by this one."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.support.old_jobs import NAMES, OldHome, old_home, old_table
from tests.support.scans import Emulator, Scan, emulator, look

CONTENT = ("images", "labels", "properties", "faces")
BY_CHANCE = {"sent", "known"}  # which of two twins was paid for
GO_ON = sorted(set(NAMES) - {"finished"})


def only(found: Any, recorded: Any) -> Any:
    """What `found` says on what was recorded: a later version may say more, and words its advice anew."""
    if isinstance(recorded, dict):
        return {name: only(found[name], value) for name, value in recorded.items() if name != "do"}
    if isinstance(recorded, list) and len(recorded) == len(found):
        return [only(one, value) for one, value in zip(found, recorded, strict=True)]
    return found


def same(found: Any, recorded: Any) -> None:
    assert only(found, recorded) == only(recorded, recorded)


def report(old: OldHome, job: str, formats: str = "csv,parquet") -> dict[str, Any]:
    return look("report", job, "--format", formats, home=old.home)  # type: ignore[no-any-return]


def tables(old: OldHome, job: str) -> dict[str, pa.Table]:
    return {path.name: pq.read_table(path) for path in (old.home / job / "reports").glob("*.parquet")}


def requests(rekognition: Emulator) -> dict[str, int]:
    return {operation: sum(by.values()) for operation, by in rekognition.counts().items()}


def run(old: OldHome, rekognition: Emulator, *words: str) -> dict[str, Any]:
    return Scan(*words, "--rekognition-endpoint-url", rekognition.url, home=old.home).status()


def content(table: pa.Table, other: pa.Table) -> list[dict[str, Any]]:
    """The rows, of the columns that both have: a job without `properties` has none of theirs in its `images`."""
    columns = [name for name in table.column_names if name in other.column_names and name not in BY_CHANCE]
    return table.select(columns).to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NAMES)
def test_status_and_costs_say_of_an_old_job_what_its_own_version_said(name: str, tmp_path: Path) -> None:
    old = old_home(name, tmp_path)
    for job, said in old.expected["jobs"].items():
        same(look("status", job, home=old.home), said["status"])
        same(look("costs", job, home=old.home), said["costs"])


def test_a_home_of_old_jobs_lists_them_all(tmp_path: Path) -> None:
    olds = [old_home(name, tmp_path / name) for name in NAMES]
    said = {job: one["status"] for old in olds for job, one in old.expected["jobs"].items()}
    for old in olds:
        shutil.copytree(old.home, tmp_path / "home", dirs_exist_ok=True)
    same(look("jobs", home=tmp_path / "home"), [said[job] for job in sorted(said)])


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"half_written"}))
def test_reports_of_an_old_job_are_as_its_own_version_made_them_however_often(name: str, tmp_path: Path) -> None:
    old = old_home(name, tmp_path)
    for job, said in old.expected["jobs"].items():
        built = report(old, job)
        assert (built["rows"], built["partial"]) == (said["rows"], said["partial"])
        first = tables(old, job)
        assert report(old, job, "csv,parquet,html")["rows"] == said["rows"]
        assert tables(old, job) == first
        for kept in old.tables_kept(job):
            before = old_table(name, job, kept, old.pictures)
            assert first[kept].select(before.column_names).to_pylist() == before.to_pylist(), kept


@pytest.mark.parametrize("name", GO_ON)
def test_an_old_job_is_gone_on_with_and_only_what_it_lacks_is_asked(name: str, tmp_path: Path) -> None:
    old = old_home(name, tmp_path)
    then = old.expected["then"]
    with emulator(tmp_path) as rekognition:
        status = run(old, rekognition, *then["command"])
        assert requests(rekognition) == then["requests"]
    same(status, then["status"])
    calls = status["calls"]
    assert calls["planned"] == calls["ok"] + calls["skipped"] + calls["failed"]
    found = tables(old, old.jobs[-1])
    assert {table.removesuffix(".parquet"): rows.num_rows for table, rows in found.items()} == then["rows"]
    # Whatever befell a job, it ends with the tables of the one that nothing befell.
    undisturbed = old_home("finished", tmp_path / "undisturbed").jobs[0]
    for table in (f"{one}.parquet" for one in CONTENT if one in then["rows"]):
        whole = old_table("finished", undisturbed, table, old.pictures)
        assert content(found[table], whole) == content(whole, found[table]), table


def test_what_an_old_job_answered_is_known_to_a_new_scan_of_its_home(tmp_path: Path) -> None:
    old = old_home("finished", tmp_path)
    Image.new("RGB", (96, 96), "teal").save(old.pictures / "2019" / "new.jpg")
    words = ("--api", "labels,properties,faces", "--shard-size", "4", "--local", "--yes", "--json")
    with emulator(tmp_path) as rekognition:
        status = run(old, rekognition, "scan", str(old.pictures), *words)
        assert requests(rekognition) == {"DetectFaces": 1, "DetectLabels": 1}  # of the new one
    before = old.expected["jobs"][old.jobs[0]]["status"]["calls"]
    assert (status["state"], status["calls"]["ok"]) == ("finished", before["ok"] + 3)
