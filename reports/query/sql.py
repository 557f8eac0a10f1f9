"""Asking a job's tables by SQL: `rekscan sql`.

Rule: read-only, and nothing but the job's tables can be reached: see `reports.query.query`. Rows are streamed.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb
from rich.table import Table

from jobs.errors import UsageError
from jobs.folder import JobFolder
from jobs.words import short, visible
from reports.query.query import open_tables_locked
from reports.spreadsheet_safe import csv_line, defuse
from reports.tables.load import load_folder

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A query's answer, read as it is printed."""

    columns: tuple[str, ...]
    cursor: duckdb.DuckDBPyConnection

    def rows(self) -> Iterator[tuple[Any, ...]]:
        while batch := self.cursor.fetchmany(_BATCH):
            yield from batch


@contextmanager
def ask(folder: JobFolder, query: str) -> Iterator[QueryAnswer]:
    """Run one SELECT over the job's tables. Raises UsageError with DuckDB's words when it is none or does not run."""
    tables = load_folder(folder)
    with tempfile.TemporaryDirectory() as scratch, open_tables_locked(tables, scratch) as connection:
        try:
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UsageError("only one SELECT is taken", f"The tables: {', '.join(tables)}.")
            cursor = connection.execute(statements[0])
            yield QueryAnswer(tuple(column[0] for column in cursor.description or ()), cursor)
        except duckdb.Error as error:
            hint = f'The tables: {", ".join(tables)}. Columns named like SQL words need quotes: "left".'
            raise UsageError(str(error).strip(), hint) from None


def plain_lines(answer: QueryAnswer) -> Iterator[str]:
    """Tab-separated lines without a header, for `cut`, `sort` and friends; tabs and newlines in cells become spaces,
    other control characters signs."""
    for row in answer.rows():
        yield "\t".join(_flat(value) for value in row) + "\n"


def csv_lines(answer: QueryAnswer) -> Iterator[str]:
    """CSV with a header, formula-safe."""
    yield csv_line(map(defuse, answer.columns))
    for row in answer.rows():
        yield csv_line(defuse(cell) if isinstance(cell, str) else _text(cell) for cell in row)


def grid(answer: QueryAnswer, limit: int) -> Table:
    """A table for a terminal that takes strings as they are: the first `limit` rows."""
    table = Table(*answer.columns, box=None, pad_edge=False, header_style="bold")
    rows = answer.rows()
    for row in islice(rows, limit):
        table.add_row(*(short(_text(value), 120) for value in row))
    if next(rows, None) is not None:
        table.caption = f"the first {limit:,} rows; --limit shows more"
    return table


def _flat(value: Any) -> str:
    return visible(" ".join(_text(value).replace("\x00", "").splitlines()).replace("\t", " "))


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
