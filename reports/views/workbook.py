"""`report.xlsx`: the job as one workbook, on request: a summary, pictures if they are asked for, a sheet a table.

Rule: a table's cell is a value, never a formula or a link, and text is text, whatever it looks like: `00123` and `1E5`
stay what they are. Rows are streamed, so memory does not grow with the tables.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import count as numbers
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.folder.whose import unpaid
from jobs.words import short
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.facts.values import Calls, Estimate, Facts, Whole
from reports.tables.load import Tables, load_folder
from reports.tables.writers import publish
from reports.views import of_all
from reports.views.workbook_pictures import Pictures, add_pictures

FILE = "report.xlsx"
SHEET_ROWS = 1_048_576 - 1  # of Excel's, less the header
_BEFORE = "summary.xlsx"  # of an earlier version
_CELL = 32_767
_BATCH = 10_000  # rows read at a time
_NARROW, _WIDE = 14, 50  # characters
_OPTIONS = {"constant_memory": True}  # rows go to disk as they are written


def build_workbook(folder: JobFolder, sheet_rows: int = SHEET_ROWS, pictures: Pictures | None = None) -> str:
    """Write `report.xlsx` into the job's `reports/`; returns where it is. Raises RekscanError without XlsxWriter."""
    try:
        import xlsxwriter
    except ImportError:
        what = "an .xlsx needs the package XlsxWriter"
        raise RekscanError(what, "pip install 'rekscan[excel]'") from None
    facts, tables = summarize(folder), load_folder(folder)
    first = headline(facts, min_confidence=tables.built.min_confidence, note=unpaid(folder.spec))
    with tempfile.TemporaryDirectory() as area:
        path = Path(area) / FILE
        with xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": area}) as book:
            bold = book.add_format({"bold": True})
            _summary(book.add_worksheet("Summary"), [("", (first,), []), *_blocks(facts)], bold)
            if pictures is not None and pictures.most:
                add_pictures(book, folder, tables, pictures, bold, Path(area))
            for name in tables:
                _table(book, tables, name, bold, sheet_rows)
        folder.delete(f"reports/{_BEFORE}")
        return publish(folder, [path])[0]


def _table(book: Any, tables: Tables, name: str, bold: Any, most: int) -> None:
    """A table's rows, on as many sheets as they need."""
    with tables.folder.report_files.whole(tables.path(name)) as file:
        parquet = pq.ParquetFile(file)
        header = parquet.schema_arrow.names
        left = parquet.metadata.num_rows
        rows = _rows(parquet)
        for number in numbers(1):
            here = min(left, most)
            sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, here, len(header) - 1)
            for column, title in enumerate(header):
                sheet.set_column(column, column, _WIDE if title in ("uri", "message", "text") else _NARROW)
                sheet.write_string(0, column, title, bold)
            for line in range(1, here + 1):
                _write(sheet, line, next(rows))
            left -= here
            if not left:
                return


def _rows(parquet: pq.ParquetFile) -> Iterator[tuple[Any, ...]]:
    for batch in parquet.iter_batches(batch_size=_BATCH):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


Block = tuple[str, Sequence[str], Iterable[Sequence[Any]]]  # title, header, rows


def _blocks(facts: Facts) -> Iterator[Block]:
    """The summary, one block under the other."""
    yield "Items", ("status", "items"), facts.items.items()
    header = (
        "API",
        "calls",
        "ok",
        "skipped",
        "failed",
        "not asked",
        "known before",
        "inherited",
        "maybe billed",
        "model version",
    )
    yield "Calls", header, map(_calls, facts.calls)
    yield "Left out while listing", ("reason", "items"), facts.skips.items()
    causes = [
        (one.code, one.outcome, one.calls, one.items, ", ".join(one.apis), one.message, one.do, " | ".join(one.samples))
        for one in facts.causes
    ]
    yield "Failures", ("code", "outcome", "calls", "items", "APIs", "message", "what to do", "samples"), causes
    yield from _of_all(facts.whole) if facts.whole else ()
    for found in facts.found:
        rows = [("rows", found.rows), ("items with rows", found.items), ("items answered", found.answered)]
        yield found.api, ("", ""), rows
        for chart in found.charts:
            bars = [("  " * bar.depth + bar.label, bar.value, bar.note) for bar in chart.bars]
            yield f"{found.api}: {chart.title}", ("", chart.note, ""), bars


def _of_all(whole: Whole) -> Iterator[Block]:
    shares, images = ((f"{what}: low", what, f"{what}: high") for what in ("share", "images"))
    for api in whole.apis:
        header = ("found", "images of the sample", *shares, *images)
        yield f"{of_all.title(whole)}: {api.api}", header, map(_estimate, (api.answered, *api.found))


def _estimate(one: Estimate) -> tuple[Any, ...]:
    return one.name, one.found, one.share.low, one.share.value, one.share.high, *one.images


def _calls(one: Calls) -> tuple[Any, ...]:
    ends = (
        one.total,
        one.ok,
        one.skipped,
        one.failed,
        one.not_asked,
        one.known,
        sum(one.inherited.values()),
        one.maybe_billed,
    )
    return one.api, *ends, "; ".join(one.model_versions)


def _summary(sheet: Any, blocks: Iterable[Block], bold: Any) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 12, 16)
    line = 0
    for title, header, rows in blocks:
        if title:
            sheet.write_string(line, 0, title, bold)
            line += 1
        for column, name in enumerate(header):
            sheet.write_string(line, column, short(name, _CELL), bold)
        for row in rows:
            line += 1
            _write(sheet, line, row)
        line += 2


def _write(sheet: Any, line: int, row: Iterable[Any]) -> None:
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, bool):
            sheet.write_boolean(line, column, value)
        elif isinstance(value, int | float | Decimal) and math.isfinite(value):
            sheet.write_number(line, column, float(value))
        else:
            sheet.write_string(line, column, str(value)[:_CELL])
