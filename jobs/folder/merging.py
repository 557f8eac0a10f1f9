"""One row a call, out of all parts of a shard that have it.

Rule: attempts are the union of what every part tells of them. The outcome is an answer where any part has one (one that
was paid for rather than a known one), else that of the newest retry, else that of the scan; `open` only where no part
has another.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from jobs.attempts import NONE, Attempts, counted
from jobs.folder.part_names import PartName
from jobs.outcomes import FREE, OPEN, Outcome

# What merging reads of a row; a table may have more.
_READ = (
    "item_id", "api", "outcome", "sent", "attempts", "throttles", "maybe_billed", "units", "started_at", "marks",
)  # fmt: skip
COLUMNS = (*_READ, "code", "ms", "probed_ms", "place")  # what counting takes
_DERIVED = tuple(NONE.columns)
_Row = tuple[Any, ...]


def merged(parts: Sequence[tuple[PartName, pa.Table]], month: str) -> pa.Table:
    """The rows of one shard's parts, each call once, in item order. `month`: of attempts that tell none."""
    together = pa.concat_tables([table for _, table in parts])
    names = [name for name, table in parts for _ in range(table.num_rows)]
    rows = list(zip(*(together.column(column).to_pylist() for column in _READ), strict=True))
    of_call: dict[tuple[int, str], list[int]] = {}
    for number, (item_id, api, *_) in enumerate(rows):
        of_call.setdefault((item_id, api), []).append(number)
    calls = sorted(of_call.items(), key=lambda call: call[0][0])
    chosen = [max(numbers, key=lambda n: _preference(rows[n], names[n])) for _, numbers in calls]
    table = together.take(chosen)
    unions = {
        place: _union(((rows[n], names[n]) for n in numbers), month)
        for place, (_, numbers) in enumerate(calls)
        if len(numbers) > 1
    }
    return _with(table, unions) if unions else table


def attempts_of(row: Outcome, month: str, retry: int) -> Attempts:
    """The attempts that a row of a part tells of. One without marks (of 0.1.0) has only counts."""
    return _attempts(tuple(getattr(row, name) for name in _READ), retry, month)


def _attempts(row: _Row, retry: int, month: str) -> Attempts:
    *_, attempts, throttles, maybe_billed, units, started, marks = row
    if marks is not None:
        return Attempts.parse(marks)
    if not (attempts or units or maybe_billed):
        return NONE
    began = f"{started:%Y-%m}" if isinstance(started, datetime) else month
    return counted(attempts, units, maybe_billed, throttles, began, f"r{retry:03d}" if retry else "")


def _preference(row: _Row, name: PartName) -> tuple[bool, bool, bool, int, bool, str]:
    """Of the rows of one call the greatest one tells its outcome."""
    outcome, paid = row[2], row[3] not in FREE
    return outcome == "ok", paid, outcome != OPEN, name.retry, name.whole, name.holder


def _union(rows: Iterator[tuple[_Row, PartName]], month: str) -> Attempts:
    found = NONE
    for row, name in rows:
        found |= _attempts(row, name.retry, month)
    return found


def _with(table: pa.Table, unions: Mapping[int, Attempts]) -> pa.Table:
    """The table with these attempts in rows by their place."""
    for column in _DERIVED:
        values = table.column(column).to_pylist()
        for place, attempts in unions.items():
            values[place] = attempts.columns[column]
        position, of = table.schema.get_field_index(column), table.schema.field(column)
        table = table.set_column(position, of, pa.array(values, of.type))
    return table
