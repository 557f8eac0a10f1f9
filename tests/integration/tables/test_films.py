"""Answers on films become rows page by page; what cannot be read or does not fit is a failure, never an end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.synthetic_films import film_item, make_films, page
from jobs.apis import video_catalogue
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from jobs.folder.video_pages import PagesName
from jobs.items import Item
from jobs.outcomes import Outcome
from reports.tables.build import build_tables
from reports.tables.load import load_folder
from tests.support.places import ROOT

GOLDEN = ROOT / "tests" / "unit" / "apis" / "golden"
EVERY = [f"{name}:collection=people" if name == "video-face-search" else name for name in video_catalogue()]


def label(at: int, name: Any = "Dog", confidence: float = 90.0) -> dict[str, Any]:
    return {"Timestamp": at, "Label": {"Name": name, "Confidence": confidence}}


def three_pages(film: FilmItem, api: str) -> Iterator[dict[str, Any]]:
    for number in range(3):
        yield page(film, Labels=[label(1000 * number + 500 * n, confidence=60.0 + 10 * number) for n in range(2)])


def rows(folder: JobFolder, table: str) -> list[dict[str, Any]]:
    return load_folder(folder).arrow(table).to_pylist()


def test_each_api_of_a_film_has_the_rows_of_its_pages_and_the_film_what_they_found_in_short(tmp_path: Path) -> None:
    def golden(film: FilmItem, api: str) -> list[Any]:
        return [json.loads((GOLDEN / f"{api}.json").read_text())]

    folder = make_films(tmp_path, [film_item(0, 67_301 / 60_000)], EVERY, golden)
    build_tables(folder)
    (film,) = rows(folder, "videos")
    assert (film["status"], film["length_ms"], film["codec"], film["rotation"], film["fps"]) == (
        "ok", 67_301, "h264", 0, 25.0,
    )  # fmt: skip
    for name, api in video_catalogue().items():
        expected = json.loads((GOLDEN / f"{name}.rows.json").read_text())
        assert rows(folder, api.table) == [{"item_id": 0, "uri": film["uri"], **row} for row in expected["rows"]]
        assert expected["brief"].items() <= film.items()
    assert rows(folder, "images") == []
    assert rows(folder, "failures") == []


def test_csv_and_jsonl_have_the_same_a_line_a_page(tmp_path: Path) -> None:
    folder = make_films(tmp_path, [film_item(0), film_item(1)], ["video-labels"], three_pages)
    build_tables(folder, formats=("csv", "jsonl"))
    reports = Path(folder.root) / "reports"
    csv = (reports / "video_labels.csv").read_text().splitlines()
    assert csv[0].startswith('"item_id","uri","timestamp_ms","start_ms","end_ms","name","confidence"')
    assert len(csv) == 1 + 2 * 3 * 2
    lines = [json.loads(line) for line in (reports / "answers.jsonl").read_text().splitlines()]
    assert [(line["item_id"], line["api"], line["page"], line["outcome"]) for line in lines] == [
        (film, "video-labels", number, "ok") for film in (0, 1) for number in (1, 2, 3)
    ]
    assert lines[0]["response"] == next(three_pages(film_item(0), ""))


def test_a_threshold_leaves_out_findings_and_what_they_add_to_the_film(tmp_path: Path) -> None:
    folder = make_films(tmp_path, [film_item(0)], ["video-labels"], three_pages)
    build_tables(folder, min_confidence=75)
    assert [row["timestamp_ms"] for row in rows(folder, "video_labels")] == [2000, 2500]
    build_tables(folder, min_confidence=85)
    assert [film["top_labels"] for film in rows(folder, "videos")] == [None]


ODD = {
    "a null in a list": b'{"Labels":[null]}',
    "a null for an answer": b"null",
    "half of a character": b'{"Labels":[{"Timestamp":1,"Label":{"Name":"\\ud800"}}]}',
    "a number beyond its column": b'{"Labels":[{"Timestamp":99999999999999999999}]}',
    "cut short": b'{"Labels":[{"Timestamp":',
    "a number for text": b'{"Labels":[{"Timestamp":1,"Label":{"Name":5}}]}',
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_page_is_a_failure_that_keeps_it_and_the_other_pages_have_their_rows(tmp_path: Path, odd: bytes) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[Any]:
        good = page(film, Labels=[label(0)])
        yield from (good, odd, odd, good) if film.item_id == 1 and api == "video-labels" else (good,)

    folder = make_films(tmp_path, [film_item(n) for n in range(3)], ["video-labels", "video-text"], pages)
    build_tables(folder, formats=("parquet", "jsonl"))
    assert [row["item_id"] for row in rows(folder, "video_labels")] == [0, 1, 1, 2]
    assert [film["status"] for film in rows(folder, "videos")] == ["ok", "partial", "ok"]
    (failure,) = rows(folder, "failures")
    assert (failure["item_id"], failure["api"], failure["code"]) == (1, "video-labels", "odd-answer")
    assert failure["answer"] == odd.decode()
    assert failure["message"].startswith("page 2: ")
    assert failure["message"].endswith("; 1 more of its pages")
    assert len((Path(folder.root) / "reports" / "answers.jsonl").read_text().splitlines()) == 3 + 3 + 3


def test_an_answer_whose_file_is_lost_or_damaged_is_a_failure(tmp_path: Path) -> None:
    folder = make_films(tmp_path, [film_item(n) for n in range(3)], ["video-labels"], three_pages)
    files = [Path(folder.root) / PagesName("video-labels", n).path for n in (0, 1)]
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-9])
    build_tables(folder)
    assert [film["status"] for film in rows(folder, "videos")] == ["failed", "failed", "ok"]
    assert [(row["item_id"], row["code"]) for row in rows(folder, "failures")] == [
        (0, "lost-answer"), (1, "lost-answer"),
    ]  # fmt: skip


def test_every_film_of_the_source_is_a_row_whatever_became_of_it_and_no_image_is(tmp_path: Path) -> None:
    def refused(film: FilmItem, api: str) -> Outcome | None:
        if film.item_id != 1:
            return None
        return Outcome(1, api, "failed", "Failed", "Unsupported codec/format.", attempts=1)

    others = [
        Item(12, "s3://archive/old.avi", "video", 9, skip="unsupported-container: avi"),
        Item(13, "s3://archive/a.jpg", "image", 9),
    ]
    films = [film_item(n) for n in range(12)]  # two shards, of which one was not reached
    folder = make_films(tmp_path, films, ["video-labels"], three_pages, others=others, instead=refused, missing=True)
    build_tables(folder)
    states = [(film["status"], film["reason"]) for film in rows(folder, "videos")]
    assert states == [
        ("ok", None), ("failed", "Failed"), *[("ok", None)] * 8, *[("pending", None)] * 2,
        ("skipped", "unsupported-container: avi"),
    ]  # fmt: skip
    assert [image["uri"] for image in rows(folder, "images")] == ["s3://archive/a.jpg"]
    assert [row["message"] for row in rows(folder, "failures")] == ["Unsupported codec/format."]
    assert load_folder(folder).built.partial is None  # as it was built
    (Path(folder.root) / "reports" / "tables.json").unlink()
    assert load_folder(folder).built.partial == "1 of 2 shards not finished"
