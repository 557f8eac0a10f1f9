"""`summary.xlsx`: the job's summary as one workbook, on request.

Rule: cells are values, never formulas or links; text is cut at Excel's limit.
"""

import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.words import short
from reports.facts.summary import summarize
from reports.facts.values import Facts, Found
from reports.tables.writers import publish

_CELL = 32_767
_NAME = 31  # characters of a sheet's name


def build_workbook(folder: JobFolder) -> str:
    """Write `summary.xlsx` into the job's `reports/`; returns where it is. Raises RekscanError without XlsxWriter."""
    try:
        import xlsxwriter
    except ImportError:
        what = "an .xlsx needs the package XlsxWriter"
        raise RekscanError(what, "pip install 'rekscan[excel]'") from None
    facts = summarize(folder)
    with tempfile.TemporaryDirectory() as area:
        path = Path(area) / "summary.xlsx"
        with xlsxwriter.Workbook(
            path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        ) as book:
            bold = book.add_format({"bold": True})
            for title, blocks in _sheets(facts):
                _write(book.add_worksheet(title[:_NAME]), blocks, bold)
        return publish(folder, [path])[0]


Block = tuple[str, Sequence[str], Iterable[Sequence[Any]]]  # title, header, rows


def _sheets(facts: Facts) -> list[tuple[str, list[Block]]]:
    calls = [
        (
            one.api,
            one.total,
            one.ok,
            one.skipped,
            one.failed,
            one.known,
            one.maybe_billed,
            ", ".join(one.model_versions),
        )
        for one in facts.calls
    ]
    header = ("API", "calls", "ok", "skipped", "failed", "known before", "maybe billed", "model version")
    first: list[Block] = [
        ("Items", ("status", "items"), facts.items.items()),
        ("Calls", header, calls),
        ("Left out while listing", ("reason", "items"), facts.skips.items()),
    ]
    causes = [
        (one.outcome, one.code, one.calls, one.items, ", ".join(one.apis), one.message, one.do, " | ".join(one.samples))
        for one in facts.causes
    ]
    failures: Block = ("", ("outcome", "code", "calls", "items", "APIs", "message", "what to do", "samples"), causes)
    costs: Block = ("", tuple(facts.costs[0]) if facts.costs else (), [tuple(line.values()) for line in facts.costs])
    found = [(one.table, _charts(one)) for one in facts.found]
    return [("Summary", first), *found, ("Failures", [failures]), ("Costs", [costs])]


def _charts(found: Found) -> list[Block]:
    rows = [("rows", found.rows), ("items with rows", found.items), ("items answered", found.answered)]
    charts: list[Block] = [
        (chart.title, ("", chart.note, ""), [("  " * bar.depth + bar.label, bar.value, bar.note) for bar in chart.bars])
        for chart in found.charts
    ]
    return [(found.api, ("", ""), rows), *charts]


def _write(sheet: Any, blocks: Iterable[Block], bold: Any) -> None:
    line = 0
    for title, header, rows in blocks:
        if title:
            sheet.write_string(line, 0, title, bold)
            line += 1
        for column, name in enumerate(header):
            sheet.write_string(line, column, name, bold)
        for row in rows:
            line += 1
            for column, value in enumerate(row):
                _cell(sheet, line, column, value)
        line += 3
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 12, 16)


def _cell(sheet: Any, line: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        sheet.write_number(line, column, float(value))
    else:
        sheet.write_string(line, column, short(value, _CELL))
