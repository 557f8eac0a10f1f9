"""`report.html` of a job, with its pictures beside it in `report/`.

Rule: the page stays under PAGE_BYTES whatever the size of the archive: the gallery is a sample, charts are sums.
"""

import base64
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs.folder import JobFolder
from jobs.status import kept
from reports.facts.facts import SAMPLES, gather
from reports.facts.films import film_strips
from reports.facts.gallery import Wanted, sample
from reports.facts.values import Films, Gallery
from reports.query.query import open_tables
from reports.review.judged import read_review
from reports.tables.load import load_folder
from reports.tables.writers import build_area, publish
from reports.views.page import Page, render
from reports.views.stills import add_frames, add_stills
from reports.views.thumbnails import Fetch, add_thumbnails, items_of

PAGE_BYTES = 5_000_000
SINGLE_BYTES = 9_500_000  # of a page with its pictures in it, which a mail takes
ITEMS = 240  # of the gallery
SIDE = "report"  # folder of the pictures, beside the page
PAGE, SINGLE = "report.html", "report-single.html"


@dataclass(frozen=True, slots=True)
class BuiltReport:
    path: str
    bytes: int
    pictures: int
    fetched: int  # requests made to S3 or the web for them
    fetched_bytes: int


def build_report(
    folder: JobFolder,
    *,
    status: Mapping[str, Any] | None = None,
    wanted: Wanted | None = None,
    items: int = ITEMS,
    thumbnails: bool = True,
    fetch: Fetch | None = None,
    s3: Callable[[], Any] | None = None,
    single: bool = False,
) -> BuiltReport:
    """Write `report.html` and `report/` into the job's `reports/`, from its tables (built first if they are missing);
    as a `single` file, `report-single.html` with its pictures in it, as many as fit into a mail.

    `status`: the document of `rekscan status --json`; by default the one stored with the job. `fetch` gets
    items that are not local files, for the sample only; `s3` makes a boto3 client that reads films. `thumbnails` False:
    no pictures at all.
    """
    tables = load_folder(folder)
    spec = folder.spec
    if status is None:
        found = kept(folder)
        status = found.to_json() if found else {}
    with build_area(folder) as area, tempfile.TemporaryDirectory() as scratch:
        with open_tables(tables, scratch) as query:
            facts = gather(query, spec, tables)
            problems = {item: one.code for one in facts.causes for item in one.sample_ids[:SAMPLES]}
            gallery = sample(query, [choice.api for choice in spec.apis], wanted or Wanted(), items, problems)
            films = film_strips(query, [choice.api for choice in spec.video_apis], wanted or Wanted())
        side = area / SIDE
        side.mkdir()
        if thumbnails:
            shown = items_of(folder, [one.item_id for one in gallery.shots])
            gallery = add_thumbnails(gallery, shown, side, SIDE, fetch)
            gallery = add_frames(gallery, shown, side, SIDE, s3)
            films = add_stills(films, items_of(folder, [one.item_id for one in films.strips]), side, SIDE, s3)
        review = read_review(folder)
        built = tables.built
        page = Page(spec, facts, gallery, films, str(wanted or ""), status, built.partial, built.min_confidence, review)
        if single:
            page = _with_pictures_in(page, area)
        page, html = _within_budget(page, SINGLE_BYTES if single else PAGE_BYTES)
        file = area / (SINGLE if single else PAGE)
        file.write_bytes(html)
        where = publish(folder, [file] if single else [side, file])[-1]
    pictures = sum(shot.thumbnail is not None for shot in page.gallery.shots)
    pictures += sum(still.thumbnail is not None for strip in page.films.strips for still in strip.stills)
    fetched, fetched_bytes = gallery.fetched + films.fetched, gallery.fetched_bytes + films.fetched_bytes
    return BuiltReport(where, len(html), pictures, fetched, fetched_bytes)


def _with_pictures_in(page: Page, area: Path) -> Page:
    """The page whose pictures are data of it."""

    def inside(name: str | None) -> str | None:
        if name is None:
            return None
        kind = "png" if name.endswith(".png") else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode((area / name).read_bytes()).decode()}"

    shots = (replace(shot, thumbnail=inside(shot.thumbnail)) for shot in page.gallery.shots)
    strips = (
        replace(strip, stills=tuple(replace(still, thumbnail=inside(still.thumbnail)) for still in strip.stills))
        for strip in page.films.strips
    )
    films = replace(page.films, strips=tuple(strips))
    return replace(page, gallery=replace(page.gallery, shots=tuple(shots)), films=films)


def _within_budget(page: Page, most: int) -> tuple[Page, bytes]:
    """The page; with fewer items in its gallery and fewer films where it would be too large."""
    while True:
        html = render(page).encode("utf-8", "replace")
        shots, strips = page.gallery.shots, page.films.strips
        if len(html) <= most or not (shots or strips):
            return page, html
        gallery: Gallery = replace(page.gallery, shots=shots[: len(shots) * 2 // 3])
        films: Films = replace(page.films, strips=strips[: len(strips) * 2 // 3])
        page = replace(page, gallery=gallery, films=films)
