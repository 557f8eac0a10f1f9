"""Counting what became of a job's calls, from its result parts: streaming, without reading an answer.

Rule: a call counts once by its latest row, but every row of every part that stands was paid for: a retry does not undo
what the try before it cost.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from jobs.files import read_columns
from jobs.folder import JobFolder

log = logging.getLogger(__name__)

_READERS = 8  # parts read at once: of a home on S3 each takes a while
_TOGETHER = 64  # shards counted at a time
_COLUMNS = ["item_id", "api", "outcome", "sent", "attempts", "maybe_billed", "units", "started_at"]


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls of one API by what became of them, and the units they were billed on each of its meters."""

    ok: int = 0
    known: int = 0  # of `ok`: answered from an earlier paid call
    skipped: int = 0
    failed: int = 0
    attempts: int = 0
    units: int = 0
    maybe_billed: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tally)))

    def to_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(slots=True)
class Tallies:
    """Tallies by calendar month (`2026-11`) and API."""

    rows: dict[tuple[str, str], Tally] = field(default_factory=dict)
    last: datetime | None = None  # start of the last attempt, where known

    def add(self, month: str, api: str, more: Tally) -> None:
        self.rows[month, api] = self.rows.get((month, api), Tally()).plus(more)

    def by_month(self) -> dict[str, dict[str, Tally]]:
        """Months in order, each with its APIs."""
        found: dict[str, dict[str, Tally]] = {}
        for (month, api), row in sorted(self.rows.items()):
            found.setdefault(month, {})[api] = row
        return found

    def by_api(self) -> dict[str, Tally]:
        """Over all months."""
        found: dict[str, Tally] = {}
        for (_, api), row in self.rows.items():
            found[api] = found.get(api, Tally()).plus(row)
        return found

    def counters(self) -> dict[str, int]:
        """Named as the ledger names them: `ok:labels`, `units:labels`, ..."""
        return {
            f"{n}:{api}": value for api, row in self.by_api().items() for n, value in row.to_json().items() if value
        }

    @classmethod
    def of_counters(cls, counters: Mapping[str, int], month: str) -> "Tallies":
        """From the ledger's counters, which know no months: all in one."""
        names = {f.name for f in fields(Tally)}
        found = cls()
        for key, value in counters.items():
            name, _, api = key.partition(":")
            if name in names and api:
                found.add(month, api, Tally(**{name: int(value)}))
        return found


def tally(folder: JobFolder) -> Tallies:
    """Count a job's result parts, some shards at a time. Calls never sent count in the month the job was made."""
    month = folder.spec.created_at[:7]
    found = Tallies()
    for tables in _shards(folder):
        for table in tables:
            _add_paid(found, table, month)
        _add_outcomes(found, _latest(tables), month)
        times = [pc.max(table.column("started_at")).as_py() for table in tables]
        found.last = max((time for time in [found.last, *times] if time is not None), default=None)
    return found


def counters(folder: JobFolder) -> dict[str, int]:
    """A job's counters from its folder, named as the ledger names them."""
    return tally(folder).counters()


def _shards(folder: JobFolder) -> Iterator[list[pa.Table]]:
    """The parts of a shard that has several; shards of one part many as one table, which is counted as fast as one."""
    shards = list(folder.result_parts().values())
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(shards), _TOGETHER):
            some = shards[start : start + _TOGETHER]
            tables = pool.map(lambda path: _read(folder, path), (path for paths in some for path in paths))
            each = [[table for _ in paths if (table := next(tables)) is not None] for paths in some]
            if alone := [table for shard in each if len(shard) == 1 for table in shard]:
                yield [pa.concat_tables(alone)]
            yield from (shard for shard in each if len(shard) > 1)


def _read(folder: JobFolder, path: str) -> pa.Table | None:
    """A part, None where it is half-written: it counts for nothing, and `resume` puts it
    aside (jobs/folder/half_written.py)."""
    try:
        return read_columns(folder.files, path, _COLUMNS)
    except pa.ArrowInvalid as error:
        log.warning("%s cannot be read: %s", path, error)
        return None


def _add_paid(found: Tallies, table: pa.Table, month: str) -> None:
    """What was sent and billed, in every part."""
    sums = [("attempts", "sum"), ("units", "sum"), ("maybe_billed", "sum")]
    groups = _with_month(table, month).group_by(["month", "api"]).aggregate(sums)
    for row in groups.to_pylist():
        paid = Tally(attempts=row["attempts_sum"], units=row["units_sum"], maybe_billed=row["maybe_billed_sum"])
        found.add(row["month"], row["api"], paid)


def _add_outcomes(found: Tallies, table: pa.Table, month: str) -> None:
    """What became of each call, by its latest row."""
    known = pc.fill_null(pc.equal(table.column("sent"), "known"), False)
    table = _with_month(table, month).append_column("known", known)
    groups = table.group_by(["month", "api", "outcome"]).aggregate([("item_id", "count"), ("known", "sum")])
    for row in groups.to_pylist():
        counted = {row["outcome"]: row["item_id_count"]}
        known_count = int(row["known_sum"] or 0) if row["outcome"] == "ok" else 0
        found.add(row["month"], row["api"], Tally(**counted, known=known_count))


def _with_month(table: pa.Table, default: str) -> pa.Table:
    months = pc.fill_null(pc.strftime(table.column("started_at"), format="%Y-%m"), default)
    return table.append_column("month", months)


def _latest(tables: Iterable[pa.Table]) -> pa.Table:
    """Of each call the row of the last part that has it."""
    parts = list(tables)
    together = pa.concat_tables(parts)
    if len(parts) == 1:
        return together
    keys = zip(together.column("item_id").to_pylist(), together.column("api").to_pylist(), strict=True)
    latest = {key: row for row, key in enumerate(keys)}
    return together.take(list(latest.values()))
