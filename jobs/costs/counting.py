"""Counting what became of a job's calls, from its result parts: streaming, without reading an answer.

Rule: a call counts once by its outcome, and every attempt at it that any part tells of once, in the pool it was begun
in (jobs/folder/merging.py): a retry does not undo what the try before it cost.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from jobs.attempts import Attempts
from jobs.codes import Code
from jobs.costs.tallies import Tallies, Tally
from jobs.folder import JobFolder, ShardParts
from jobs.folder.facts import COLUMNS, facts
from jobs.folder.models import model_runs
from jobs.outcomes import FREE, OPEN, RESULT_SCHEMA, UNDECIDED, counted_as
from jobs.pools import pool_of

log = logging.getLogger(__name__)

_READERS = 8  # parts read at once: of a home on S3 each takes a while
_TOGETHER = 64  # shards counted at a time


def tally(folder: JobFolder) -> Tallies:
    """Count a job's result parts, some shards at a time. Calls never sent count in the month the job was made."""
    found = Tallies()
    for table in _shards(folder):
        _add(found, table, folder.month)
    now = datetime.now(UTC)
    for run in model_runs(folder):
        for month, ms in run.unit_ms(now):
            found.add(month, run.start.api, Tally(ms=ms))
    return found


def shard_tally(folder: JobFolder, parts: ShardParts) -> Tallies:
    """Count one shard."""
    found = Tallies()
    _add(found, facts(folder, parts, columns=COLUMNS), folder.month)
    return found


def counters(folder: JobFolder) -> dict[str, int]:
    """A job's counters from its folder, named as the ledger names them."""
    return tally(folder).counters()


def _shards(folder: JobFolder) -> Iterator[pa.Table]:
    """Every call of every shard once, some shards at a time: many as one table are counted as fast as one."""
    shards = list(folder.shard_parts().values())
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(shards), _TOGETHER):
            tables = pool.map(lambda parts: _read(folder, parts), shards[start : start + _TOGETHER])
            yield pa.concat_tables([table for table in tables if table is not None] or [_NOTHING])


def _read(folder: JobFolder, parts: ShardParts) -> pa.Table | None:
    """A shard, None where a part of it is half-written: it counts for nothing, and `resume` puts it
    aside (jobs/folder/half_written.py)."""
    try:
        return facts(folder, parts, columns=COLUMNS)
    except pa.ArrowInvalid as error:
        log.warning("%s cannot be read: %s", ", ".join(parts.files), error)
        return None


def _add(found: Tallies, table: pa.Table, month: str) -> None:
    _add_paid(found, table, month)
    _add_outcomes(found, table, month)
    last = pc.max(table.column("started_at")).as_py()
    found.last = max((time for time in (found.last, last) if time is not None), default=None)


def _add_paid(found: Tallies, table: pa.Table, month: str) -> None:
    """What was sent and billed. Most rows of a part have the same marks, so there is little to parse."""
    sums = [("item_id", "count"), ("attempts", "sum"), ("units", "sum"), ("maybe_billed", "sum"), ("ms", "sum")]
    groups = _with_month(table, month).group_by(["month", "api", "marks"], use_threads=False)
    for row in groups.aggregate(sums).to_pylist():
        if row["marks"] is None:
            paid = Tally(attempts=row["attempts_sum"], units=row["units_sum"], maybe_billed=row["maybe_billed_sum"])
            found.add(row["month"], row["api"], paid)
            continue
        times, ms = row["item_id_count"], row["ms_sum"] or 0
        for when, attempts, units, maybe in Attempts.parse(row["marks"]).pools():
            more = Tally(
                attempts=attempts * times,
                units=units * times,
                maybe_billed=maybe * times,
                ms=units * ms,
                maybe_ms=maybe * ms,
            )
            found.add(when, row["api"], more)


def _add_outcomes(found: Tallies, table: pa.Table, month: str) -> None:
    """What became of each call that has an outcome."""
    table = table.filter(pc.not_equal(table.column("outcome"), OPEN))
    known = pc.is_in(table.column("sent"), value_set=pa.array(FREE))
    undecided = pc.fill_null(pc.equal(table.column("code"), str(Code.CONDITION_UNKNOWN)), False)
    up = pc.ceil(pc.divide(pc.cast(table.column("ms"), pa.float64()), 60_000))
    table = _with_month(table, month).append_column("known", known).append_column("up", up)
    table = table.append_column(UNDECIDED, undecided)
    sums = [("item_id", "count"), ("known", "sum"), (UNDECIDED, "sum"), ("probed_ms", "sum"), ("up", "sum")]
    groups = table.group_by(["month", "place", "api", "outcome"], use_threads=False)
    for row in groups.aggregate(sums).to_pylist():
        (outcome,) = counted_as(row["outcome"], None)
        counted = {outcome: row["item_id_count"], UNDECIDED: row[f"{UNDECIDED}_sum"] or 0}
        if row["outcome"] == "ok":
            counted["known"] = int(row["known_sum"] or 0)
            counted |= {"probed_ms": row["probed_ms_sum"] or 0, "minutes_up": int(row["up_sum"] or 0)}
        found.add(pool_of(row["month"], row["place"]), row["api"], Tally(**counted))


def _with_month(table: pa.Table, default: str) -> pa.Table:
    months = pc.fill_null(pc.strftime(table.column("started_at"), format="%Y-%m"), default)
    return table.append_column("month", months)


_NOTHING = pa.table({field.name: pa.nulls(0, field.type) for field in RESULT_SCHEMA if field.name in COLUMNS})
