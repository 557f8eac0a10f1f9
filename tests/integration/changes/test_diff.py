"""What is different between two jobs: on the terminal, as CSV, as JSON and as a page."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.synthetic_films import film_item, make_films, page
from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from jobs.items import Item
from jobs.outcomes import Outcome
from rekscan.commands.diff import diff
from rekscan.settings import Connection
from reports.tables.build import build_tables
from tests.support.terminal import on_terminal

BEFORE, AFTER = "20261101-090000-aaaa", "20261123-090000-beef"
NASTY = "=cmd|<script>"


def job(home: Path, name: str, names: str, labels: dict[str, dict[str, float]], **more: Any) -> JobFolder:
    """A job over files of these names, with these labels and a face on each."""
    items = [Item(n, f"s3://a/{letter}.jpg", "image", 100) for n, letter in enumerate(names)]
    folder = make_job(home, items, more.get("apis", ("labels", "faces")), job=name, missing_shards=(0,))
    found = [
        Outcome(
            n, api, "failed" if (letter, api) in more.get("failed", ()) else "ok", units=1,
            model_version=more.get("model", "3.0"), content=f"sha256:{more.get('content', {}).get(letter, letter)}",
            response=orjson.dumps(
                {"Labels": [{"Name": k, "Confidence": v} for k, v in labels.get(letter, {}).items()]}
                if api == "labels" else {"FaceDetails": [{"Confidence": 99.0}]}
            ).decode(),
        )
        for n, letter in enumerate(names) for api in more.get("apis", ("labels", "faces"))
    ]  # fmt: skip
    folder.commit(0, [replace(row, response=None) if row.outcome == "failed" else row for row in found])
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    before = {
        "a": {"Dog": 90.0, "Cat": 80.0}, "b": {"Dog": 70.0}, "c": {"Car": 60.0}, "d": {"Boat": 90.0},
        "e": {"Cup": 99.0},
    }  # fmt: skip
    after = {
        "a": {"Dog": 84.0, "Cat": 84.0}, "b": {"Dog": 70.0, NASTY: 95.0}, "c": {}, "e": {"Cup": 99.0},
        "f": {"Sky": 90.0},
    }  # fmt: skip
    job(tmp_path, BEFORE, "abcde", before)
    job(tmp_path, AFTER, "abcef", after, model="3.1", content={"c": "other"}, failed={("e", "labels")})
    return tmp_path


def test_items_and_findings_that_came_went_and_moved_are_counted_on_what_both_answered(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(BEFORE, AFTER, json=True, connection=Connection(home=str(home))) == 0
    found = orjson.loads(capsys.readouterr().out)
    assert found["items"] == {"added": 1, "gone": 1, "altered": 1, "same": 3}
    assert [one["uri"] for one in found["samples"]["altered"]] == ["s3://a/c.jpg"]
    labels, faces = found["apis"]
    assert (labels["both"], labels["only_before"], labels["only_after"]) == (3, 2, 1)  # e failed now, d went, f is new
    assert labels["models"] == [["3.0"], ["3.1"]]
    kinds = {what: [(one["uri"][-5], one["name"], one["before"], one["after"]) for one in kind["samples"]]
             for what, kind in labels["kinds"].items()}  # fmt: skip
    assert kinds == {
        "came": [("b", NASTY, None, 95)], "went": [("c", "Car", 60, None)], "moved": [("a", "Dog", 90, 84)],
    }  # fmt: skip
    assert labels["kinds"]["came"]["names"] == {NASTY: 1}
    assert all(kind["findings"] == 0 for kind in faces["kinds"].values()) and not faces["other_parameters"]
    diff(BEFORE, AFTER, margin=3, json=True, connection=Connection(home=str(home)))
    moved = orjson.loads(capsys.readouterr().out)["apis"][0]["kinds"]["moved"]
    assert (moved["findings"], moved["items"]) == (2, 1)


def test_files_hold_every_change_and_the_page_only_text(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "out"
    diff(BEFORE, AFTER, out=out, connection=Connection(home=str(home)))
    said = capsys.readouterr().out
    assert "Items: 1 added, 1 gone, 1 altered, 3 same" in said and "another model: 3.0, then 3.1" in said
    assert "went: 1 on 1 item (Car 1)" in said
    rows = list(csv.DictReader((out / "changes.csv").open(encoding="utf-8", newline="")))
    assert [row["what"] for row in rows] == ["added", "gone", "altered", "came", "went", "moved"]
    assert rows[3]["name"] == f"'{NASTY}" and rows[4]["before"] == "60.0"
    page = (out / "changes.html").read_text()
    assert "<script" not in page and "=cmd|&lt;script&gt;" in page and "Another model" in page
    assert orjson.loads((out / "changes.json").read_bytes())["after"] == AFTER


def test_what_one_job_did_not_ask_is_no_change(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = job(home, "20261125-090000-cafe", "abcde", {}, apis=("faces",))
    diff(BEFORE, "last", json=True, connection=Connection(home=str(home)))
    found = orjson.loads(capsys.readouterr().out)
    assert found["alone"] == {BEFORE: ["labels"], other.job: []}
    assert [api["api"] for api in found["apis"]] == ["faces"]


@pytest.mark.parametrize("columns", [80, 200])
def test_items_to_look_at_fit_a_terminal(tmp_path: Path, columns: int) -> None:
    deep = "s3://archive/" + "a-long-folder/" * 12
    for name in (BEFORE, AFTER):
        labels = {"Dog": 90.0} if name == BEFORE else {"A cat with a very long name indeed": 80.0}
        item = Item(0, f"{deep}picture.jpg", "image", 100)
        folder = make_job(tmp_path, [item], ("labels",), job=name, missing_shards=(0,))
        answer = orjson.dumps({"Labels": [{"Name": k, "Confidence": v} for k, v in labels.items()]}).decode()
        folder.commit(0, [Outcome(0, "labels", "ok", units=1, response=answer)])
    shown = on_terminal("diff", BEFORE, AFTER, "--home", str(tmp_path), columns=columns)
    items = [line for line in shown if "picture.jpg" in line]
    assert len(items) == 2 and max(map(len, items)) <= columns
    assert all("s3://arch" in line for line in items)


def film_job(home: Path, name: str, labels: dict[int, list[tuple[int, str, float]]], model: str) -> JobFolder:
    """A job over films of these numbers, with labels at their moments."""

    def pages(film: FilmItem, api: str) -> Iterator[dict[str, Any]]:
        rows = [
            {"Timestamp": at, "Label": {"Name": label, "Confidence": sure}} for at, label, sure in labels[film.item_id]
        ]
        yield page(film, Labels=rows, LabelModelVersion=model)

    films = [film_item(number, 1, f"s3://films/{number}.mp4") for number in labels]
    return make_films(home, films, ["video-labels"], pages, job=name)


def test_findings_of_films_come_go_and_move_in_confidence_and_in_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {
        0: [(0, "Dog", 90.0), (2_000, "Dog", 80.0), (5_000, "Car", 70.0)], 1: [(9_000, "Cat", 95.0)],
        2: [(61_000, "Boat", 60.0)],
    }  # fmt: skip
    after = {
        0: [(500, "Dog", 91.0), (7_000, "Bird", 75.0)], 1: [(12_000, "Cat", 95.0)], 2: [(61_000, "Boat", 66.0)],
    }  # fmt: skip
    film_job(tmp_path, BEFORE, before, "3.0")
    film_job(tmp_path, AFTER, after, "3.1")
    connection, out = Connection(home=str(tmp_path)), tmp_path / "out"
    assert diff(BEFORE, AFTER, json=True, connection=connection) == 0
    found = orjson.loads(capsys.readouterr().out)
    (labels,) = found["apis"]
    assert found["items"] == {"added": 0, "gone": 0, "altered": 0, "same": 3}
    assert (labels["both"], labels["models"]) == (3, [["3.0"], ["3.1"]])
    kinds = {what: [(one["uri"][-5], one["name"], one["before_ms"], one["after_ms"]) for one in kind["samples"]]
             for what, kind in labels["kinds"].items()}  # fmt: skip
    assert kinds == {
        "came": [("0", "Bird", None, 7_000)], "went": [("0", "Car", 5_000, None)],
        "moved": [("1", "Cat", 9_000, 12_000), ("2", "Boat", 61_000, 61_000)],
    }  # fmt: skip
    diff(BEFORE, AFTER, out=out, connection=connection)
    said = capsys.readouterr().out
    assert "moved more than 5 points or 1 s: 2 on 2 items" in said
    assert "Cat  s3://films/1.mp4  at 0:09, then 0:12" in said and "Boat  s3://films/2.mp4  at 1:01" in said
    told = (out / "changes.html").read_text()
    assert "<small>at 0:09</small>" in told and "more than 5 points or 1 s" in told
    rows = list(csv.DictReader((out / "changes.csv").open(encoding="utf-8", newline="")))
    assert [(row["what"], row["before_ms"], row["after_ms"]) for row in rows][:2] == [
        ("came", "", "7000"), ("went", "5000", ""),
    ]  # fmt: skip


def test_tables_at_two_thresholds_and_a_job_with_itself_are_refused(home: Path) -> None:
    connection = Connection(home=str(home))
    build_tables(JobFolder(str(home), AFTER), formats=("parquet",), min_confidence=80)
    with pytest.raises(UsageError, match="two thresholds"):
        diff(BEFORE, AFTER, connection=connection)
    with pytest.raises(UsageError, match="both are job"):
        diff(AFTER, "last", connection=connection)
