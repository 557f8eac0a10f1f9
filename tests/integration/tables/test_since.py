"""What is new in a job as against what an earlier job of the home had answered."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.synthetic_films import film_item, make_films, page
from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from jobs.folder.video_pages import PagesName, PagesWriter
from jobs.outcomes import Outcome, from_table
from rekscan.commands.report import report
from rekscan.settings import Connection
from reports.facts.films import film_strips
from reports.facts.gallery import Wanted
from reports.facts.summary import summarize
from reports.query.query import open_tables
from reports.review.judged import make_sheet
from reports.tables.load import load_folder
from reports.views.report import build_report

EARLIER, JOB = "20261101-090000-aaaa", "20261123-090000-beef"


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """Six items: two known from an earlier job, one of them with an API that was asked now, one a twin of item 3."""
    first = make_job(tmp_path / "first", 6, ("labels", "faces"))
    rows = from_table(first.result(first.shard_parts()[0].files))
    known = {(0, "labels"), (0, "faces"), (1, "labels")}

    def dealt(row: Outcome) -> Outcome:
        if (row.item_id, row.api) in known:
            return replace(row, sent="known", answer_of=f"{EARLIER}/{row.item_id + 70}", units=0)
        return replace(row, sent="known", answer_of=f"{JOB}/3", units=0) if row.item_id == 4 else row

    made = make_job(tmp_path, 6, ("labels", "faces"), missing_shards=(0,))
    made.commit(0, [dealt(row) for row in rows if row.item_id < 5])
    made.commit(0, [Outcome(5, api, "failed", "InternalServerError") for api in ("labels", "faces")], retry=1)
    return made


def test_since_names_the_job_that_first_had_an_answer(folder: JobFolder) -> None:
    images = load_folder(folder)["images"]
    assert images["since"].tolist()[:5] == [EARLIER, EARLIER, JOB, JOB, JOB]
    facts = summarize(folder)
    assert (facts.new, dict(facts.earlier)) == (3, {EARLIER: 2})


def test_a_report_can_be_narrowed_to_what_is_new(folder: JobFolder, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(Path(folder.root).parent)
    report(folder.job, format="html", new=True, thumbnails=False, connection=Connection(home=home))
    assert "3 items are new, first answered in this job; 2 were known" in capsys.readouterr().out
    page = Path(folder.root, "reports", "report.html").read_text()
    assert 'id="item-2"' in page and 'id="item-0"' not in page
    assert "Narrowed to items new in this job" in page and "3 of them are new" in page
    sheet = Path(make_sheet(folder, Wanted(since=JOB))).read_text("utf-8-sig")
    assert {line.split(",")[0] for line in sheet.splitlines()[1:]} <= {"2", "3", "4"}
    assert (
        "new: first answered"
        not in Path(build_report(make_job(Path(home, "other"), 3), thumbnails=False).path).read_text()
    )


def test_films_that_an_earlier_job_had_an_answer_on_are_not_new(tmp_path: Path) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[dict[str, Any]]:
        yield page(film, Labels=[{"Timestamp": 0, "Label": {"Name": "Dog", "Confidence": 90.0}}])

    films = [film_item(number, 1) for number in range(4)]  # AWS's job is the same for the same film
    make_films(tmp_path, films[:1], ["video-labels"], pages, job="20260901-090000-0000")  # too long ago to be shared
    make_films(tmp_path, films[:2], ["video-labels"], pages, job="20261121-090000-aaaa")
    make_films(tmp_path, films[:3], ["video-labels"], pages, job="20261122-090000-bbbb")
    torn = make_films(tmp_path, films, ["video-labels"], pages, job="20261122-080000-0000")
    for part in Path(torn.root, "results").glob("*.parquet"):
        part.write_bytes(b"torn")  # which is no trouble of this job's

    def known(film: FilmItem, api: str) -> Outcome | None:
        """The last one's answer is that of a job a year ago, as its row says."""
        old = Outcome(film.item_id, api, "ok", sent="known", answer_of=f"{EARLIER}/7", video_job="a")
        return old if film.item_id == 4 else None

    films.append(film_item(4, 1))
    folder = make_films(tmp_path, films, ["video-labels"], pages, job=JOB, instead=known)
    with PagesWriter(folder, PagesName("video-labels", 4), "a") as writer:
        writer.append(1, orjson.dumps(next(pages(films[4], "video-labels"))))
        writer.done()
    first, second = "20261121-090000-aaaa", "20261122-090000-bbbb"
    assert load_folder(folder)["videos"]["since"].tolist() == [first, first, second, JOB, EARLIER]
    facts = summarize(folder)
    assert (facts.new, dict(facts.earlier)) == (1, {second: 1, first: 2, EARLIER: 1})
    with open_tables(load_folder(folder), str(tmp_path)) as query:
        apis = [choice.api for choice in folder.spec.video_apis]
        for wanted in (Wanted(since=JOB), Wanted(since=JOB, label="Dog")):
            strips = film_strips(query, apis, wanted).strips
            assert [(strip.item_id, len(strip.stills)) for strip in strips] == [(3, 1)]
