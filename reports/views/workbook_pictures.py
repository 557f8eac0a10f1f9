"""The sheet `pictures` of a workbook: a sample of the items as small pictures, with links and findings.

Rule: the gallery's sample, so that rare names are seen; what is flagged has no picture here, since a sheet cannot
cover it until it is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.apis.base import Limits
from jobs.folder import JobFolder
from jobs.words import short
from reports.facts.gallery import Wanted, sample
from reports.facts.values import Gallery, Shot
from reports.query.query import open_tables
from reports.tables.load import Tables
from reports.views.links import link
from reports.views.thumbnails import Fetch, add_thumbnails, items_of

SHEET = "pictures"
MOST = 5_000  # a sheet with more is slow to scroll
_SIDE = 96  # pixels of the longer side
_SMALL = Limits(max_bytes=12_000, min_side=1, max_side=_SIDE)
_HEADER = ("picture", "item_id", "uri", "status", "sampled for", "findings")
_WIDTHS = (14, 9, 60, 9, 26, 90)  # characters
_LONGEST_LINK = 2_000  # Excel takes 2,079


@dataclass(frozen=True, slots=True)
class Pictures:
    """How many, of what, and who fetches those that are not on this machine; without `fetch` they have no picture."""

    most: int = 0
    wanted: Wanted = field(default_factory=Wanted)
    fetch: Fetch | None = None


def add_pictures(book: Any, folder: JobFolder, tables: Tables, asked: Pictures, bold: Any, area: Path) -> None:
    """Add the sheet. `area`: where its pictures are until the book is closed."""
    side = area / SHEET
    side.mkdir()
    with open_tables(tables, str(area)) as query:
        gallery = sample(query, [choice.api for choice in folder.spec.apis], asked.wanted, asked.most)
    plain = [shot for shot in gallery.shots if not shot.sensitive]
    items = items_of(folder, [shot.item_id for shot in plain])
    small = add_thumbnails(Gallery(tuple(plain), 0, 0), items, side, SHEET, asked.fetch, limits=_SMALL)
    made = {shot.item_id: shot for shot in small.shots}
    sheet = book.add_worksheet(SHEET)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(gallery.shots), len(_HEADER) - 1)
    for column, (title, width) in enumerate(zip(_HEADER, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    for line, shot in enumerate(gallery.shots, 1):
        _row(sheet, line, made.get(shot.item_id, shot), link(_source(shot), folder.spec), area)


def _row(sheet: Any, line: int, shot: Shot, opens: str, area: Path) -> None:
    sheet.set_row_pixels(line, _SIDE + 4)
    if shot.thumbnail:
        place: Mapping[str, Any] = {
            "x_offset": 2,
            "y_offset": 2,
            "object_position": 1,
            "description": short(shot.name, 80),
        }
        sheet.insert_image(line, 0, str(area / shot.thumbnail), place)
    else:
        sheet.write_string(line, 0, _instead(shot))
    sheet.write_number(line, 1, shot.item_id)
    if opens and len(opens) <= _LONGEST_LINK:
        # XlsxWriter makes a Windows path of file://, which opens nothing elsewhere; a scheme may be in capitals.
        sheet.write_url(line, 2, opens.replace("file://", "FILE://", 1), string=short(shot.uri, _LONGEST_LINK))
    else:
        sheet.write_string(line, 2, short(shot.uri, _LONGEST_LINK))
    sheet.write_string(line, 3, shot.status)
    sheet.write_string(line, 4, short(shot.sampled_for, 200))
    found = (f"{one.name} {one.confidence:.0f}" if one.confidence is not None else one.name for one in shot.findings)
    sheet.write_string(line, 5, short("; ".join(dict.fromkeys(found)), 2_000))


def _source(shot: Shot) -> str:
    """What a link opens: of a frame its film."""
    return shot.film if shot.kind == "frame" else shot.uri


def _instead(shot: Shot) -> str:
    """What stands in place of a picture."""
    if shot.sensitive:
        return "flagged: see report.html"
    return "a frame of a film: see report.html" if shot.kind == "frame" else short(shot.missing, 200)
