"""`report.html` of a job, with its pictures beside it in `report/`.

Rule: the page stays under PAGE_BYTES whatever the size of the archive: the gallery is a sample, charts are sums.
"""

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs.folder import JobFolder
from jobs.items import Item
from jobs.status import kept
from reports.facts.facts import SAMPLES, gather
from reports.facts.gallery import Wanted, sample
from reports.facts.values import Gallery, Shot
from reports.query.query import open_tables
from reports.review.judged import read_review
from reports.tables.load import load_folder
from reports.tables.writers import build_area, publish
from reports.views.page import Page, render
from reports.views.thumbnails import Fetch, add_thumbnails

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
    single: bool = False,
) -> BuiltReport:
    """Write `report.html` and `report/` into the job's `reports/`, from its tables (built first if they are missing);
    as a `single` file, `report-single.html` with its pictures in it, as many as fit into a mail.

    `status`: the document of `rekscan status --json`; by default the one stored with the job. `fetch` gets
    items that are not local files, for the sample only; `thumbnails` False makes no pictures at all.
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
        side = area / SIDE
        side.mkdir()
        if thumbnails:
            gallery = add_thumbnails(gallery, _items(folder, gallery), side, SIDE, fetch)
        review = read_review(folder)
        page = Page(spec, facts, gallery, status, tables.built.partial, tables.built.min_confidence, review)
        if single:
            page = replace(page, gallery=_with_pictures_in(gallery, area))
        page, html = _within_budget(page, SINGLE_BYTES if single else PAGE_BYTES)
        file = area / (SINGLE if single else PAGE)
        file.write_bytes(html)
        where = publish(folder, [file] if single else [side, file])[-1]
    pictures = sum(shot.thumbnail is not None for shot in page.gallery.shots)
    return BuiltReport(where, len(html), pictures, gallery.fetched, gallery.fetched_bytes)


def _items(folder: JobFolder, gallery: Gallery) -> dict[int, Item]:
    """The manifest's rows of the gallery's items."""
    wanted = {shot.item_id for shot in gallery.shots}
    shards = sorted({number // folder.spec.shard_size for number in wanted})
    return {item.item_id: item for shard in shards for item in folder.items(shard) if item.item_id in wanted}


def _with_pictures_in(gallery: Gallery, area: Path) -> Gallery:
    """The gallery whose pictures are data of the page."""

    def inside(shot: Shot) -> Shot:
        if shot.thumbnail is None:
            return shot
        kind = "png" if shot.thumbnail.endswith(".png") else "jpeg"
        data = base64.b64encode((area / shot.thumbnail).read_bytes()).decode()
        return replace(shot, thumbnail=f"data:image/{kind};base64,{data}")

    return replace(gallery, shots=tuple(map(inside, gallery.shots)))


def _within_budget(page: Page, most: int) -> tuple[Page, bytes]:
    """The page; with fewer items in its gallery where it would be too large."""
    while True:
        html = render(page).encode("utf-8", "replace")
        shots = page.gallery.shots
        if len(html) <= most or not shots:
            return page, html
        kept: Gallery = replace(page.gallery, shots=shots[: len(shots) * 2 // 3])
        page = replace(page, gallery=kept)
