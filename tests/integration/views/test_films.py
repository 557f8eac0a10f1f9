"""Films on the page: bars and pictures that tell the tables' truth, within the budgets whatever was found."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from benchmarks.synthetic_films import film_item, make_films, page
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from reports.facts.films import FILMS, LANES, SLOTS, film_strips
from reports.facts.gallery import Wanted
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.facts.values import Films, Strip
from reports.query.query import open_tables
from reports.tables.load import load_folder
from reports.views.report import PAGE_BYTES, build_report
from reports.views.terminal import lines
from reports.views.workbook import build_workbook
from tests.browser.film_job import HOSTILE, draw_films, draw_six_hours


def label(at: int, name: str, confidence: float = 90.0, until: int | None = None) -> dict[str, Any]:
    span = {} if until is None else {"StartTimestampMillis": at, "EndTimestampMillis": until}
    return {"Timestamp": at, "Label": {"Name": name, "Confidence": confidence}, **span}


def strips(folder: JobFolder, tmp_path: Path, wanted: Wanted | None = None) -> Films:
    with open_tables(load_folder(folder), str(tmp_path)) as query:
        return film_strips(query, [choice.api for choice in folder.spec.video_apis], wanted or Wanted())


def lanes(strip: Strip) -> dict[str, list[tuple[int, int]]]:
    return {lane.name: list(lane.spans) for lane in strip.lanes}


def test_findings_that_touch_are_one_span_and_moments_are_where_spans_begin(tmp_path: Path) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[Any]:
        cats = [label(at, "Cat") for at in (*range(0, 4_000, 500), *range(30_000, 32_000, 500))]
        yield page(film, Labels=[*cats, label(10_000, "Dog", until=20_000), label(59_999, "Cow")])

    (strip,) = strips(make_films(tmp_path, [film_item(0, 1)], ["video-labels"], pages), tmp_path).strips
    assert (strip.slots, strip.step_ms) == (60, 1000)
    assert lanes(strip) == {"Dog": [(10, 19)], "Cat": [(0, 3), (30, 31)], "Cow": [(59, 59)]}
    cat = next(lane for lane in strip.lanes if lane.name == "Cat")
    assert (cat.moments, cat.seen_ms) == ((0, 30_000), 6_000)


def test_each_shot_is_a_span_though_they_touch(tmp_path: Path) -> None:
    (strip, *_) = strips(draw_films(tmp_path), tmp_path).strips
    assert lanes(strip)["Shot"] == [(0, 1), (2, 3), (4, 5)]
    assert lanes(strip)["Red Rectangle"] == [(2, 3)]


def test_a_film_of_unknown_length_and_findings_beyond_its_end_are_within_its_strip(tmp_path: Path) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[Any]:
        yield page(film, Labels=[label(-5, "Cat"), label(2**62, "Cat"), label(0, "Dog", until=2**62)])

    films = [replace(film_item(0), length_ms=None), film_item(1, 0.5)]
    folder = make_films(tmp_path, films, ["video-labels"], pages)
    unknown, short = sorted(strips(folder, tmp_path).strips, key=lambda strip: strip.item_id)
    assert (unknown.slots, lanes(unknown)) == (1, {"Cat": [(0, 0)], "Dog": [(0, 0)]})
    assert (short.slots, lanes(short)) == (30, {"Dog": [(0, 29)], "Cat": [(0, 0), (29, 29)]})
    assert build_report(folder).pictures == 0


def test_films_with_content_to_review_come_first_and_wanted_ones_alone(tmp_path: Path) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[Any]:
        if api == "video-moderation":
            found = {"Timestamp": 0, "ModerationLabel": {"Name": "Violence", "Confidence": 80.0, "TaxonomyLevel": 1}}
            yield page(film, ModerationLabels=[found] if film.item_id == 30 else [])
        else:
            yield page(film, Labels=[label(500, "Cat" if film.item_id % 2 else "Dog")] * film.item_id)

    apis = ["video-labels", "video-moderation"]
    folder = make_films(tmp_path, [film_item(n, 1) for n in range(40)], apis, pages)
    found = strips(folder, tmp_path)
    assert found.answered == 40
    assert [strip.item_id for strip in found.strips] == [30, *range(39, 30, -1), *range(29, 29 - FILMS + 10, -1)]
    assert [still.sensitive for strip in found.strips for still in strip.stills].count(True) == 1
    cats = strips(folder, tmp_path, Wanted("c*"))
    assert (cats.answered, {strip.item_id % 2 for strip in cats.strips}) == (20, {1})
    assert [strip.item_id for strip in strips(folder, tmp_path, Wanted(flagged=True)).strips] == [30]


def test_terminal_and_workbook_tell_of_films_too(tmp_path: Path) -> None:
    folder = draw_films(tmp_path)
    shown = "\n".join(lines(summarize(folder)))
    assert "video-labels: 48 rows on 3 of 3 answered items" in shown
    book = openpyxl.load_workbook(build_workbook(folder))
    assert "video_segments" in book.sheetnames
    assert ("ok", 3) in [row[:2] for row in book["Summary"].iter_rows(values_only=True)]  # films


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Path(build_report(draw_films(tmp_path_factory.mktemp("films"))).path).read_text()


def test_names_of_films_are_text_and_links_lead_to_the_moment_in_the_local_file(drawn: str) -> None:
    assert HOSTILE not in drawn
    links = re.findall(r'<a href="(file://[^"]+)">([0-9:]+)</a>', drawn)
    assert ("%3Cimg%20src%3Dx%20onerror%3D%22alert%284%29%22%3E.mp4#t=2", "0:02") in [
        (link.rpartition("/")[2], said) for link, said in links
    ]


def test_a_film_that_is_gone_says_so_in_the_place_of_its_pictures(drawn: str) -> None:
    assert drawn.count('src="report/film-') == 4
    assert drawn.count("No picture: cannot read it: No such file or directory") == 2


def test_six_hours_with_a_hundred_thousand_findings_stay_under_the_budget(tmp_path: Path) -> None:
    folder = draw_six_hours(tmp_path)
    made = build_report(folder, thumbnails=False)
    assert made.bytes < PAGE_BYTES
    assert made.bytes < 200_000
    (strip,) = strips(folder, tmp_path).strips
    assert (strip.slots, len(strip.lanes), strip.hidden) == (SLOTS, LANES, 300 - LANES)


def test_minutes_of_film_are_what_names_are_counted_by(tmp_path: Path) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[Any]:
        cats = [label(at, "Cat") for at in range(0, 90_000, 500)]  # in two minutes
        yield page(film, Labels=[*cats, label(50_000, "Dog", until=250_000)])  # in five

    folder = make_films(tmp_path, [film_item(0, 10), film_item(1, 10)], ["video-labels"], pages)
    html = Path(build_report(folder, thumbnails=False).path).read_text()
    chart = html[html.index("minutes of film in which it was seen") :]
    bars = re.findall(r'<span dir="auto">(\w+)</span></th>.*?<td class="n">(\d+)</td>', chart, re.S)
    assert bars[:2] == [("Dog", "10"), ("Cat", "4")]


def test_the_first_line_counts_films_as_films_and_not_as_pictures_that_lack_something(tmp_path: Path) -> None:
    def pages(film: FilmItem, api: str) -> Iterator[Any]:
        yield page(film, Labels=[label(500, "Person"), label(500, "Cat")])

    folder = make_films(tmp_path, [film_item(0, 10), film_item(1, 10)], ["video-labels"], pages)
    assert headline(summarize(folder)) == "2 of 2 films answered: people in 2, labels in 2 of the films."
