"""What a job's folder knows of a shard: its outcomes, and the attempts at calls that have none yet.

Rule: this is the one reading that counts money. `resume`, status, costs, cap, last step and the holder of a shard all
go by it; tables take its outcomes.
"""

from collections.abc import Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from jobs.apis import requests
from jobs.attempts import Attempts, Tried
from jobs.folder.folder import JobFolder
from jobs.folder.merging import COLUMNS, attempts_of, merged
from jobs.folder.part_names import PartName, ShardParts
from jobs.folder.parts import read_part
from jobs.folder.retries import Retry
from jobs.items import PICTURES, Item
from jobs.ledger import FIRST_OF_FILMS
from jobs.outcomes import OPEN, RESULT_SCHEMA, Outcome, from_table, open_row, to_table, with_attempts


def facts(
    folder: JobFolder, parts: ShardParts, *, retry: int | None = None, columns: Collection[str] = RESULT_SCHEMA.names
) -> pa.Table:
    """The rows of a shard's parts, each call once, `open` ones among them. `columns`: COLUMNS at least. `retry`: only
    of what the scan (0) or that retry asked."""
    read = [
        (name, read_part(folder.files, path, columns, use_threads=False))
        for path, name in parts.names.items()
        if not name.torn and retry in (None, name.retry)
    ]
    if len(read) == 1 and not parts.torn:
        return read[0][1]
    for name in parts.torn:
        if retry in (None, name.retry) and not parts.done(name.retry):
            had = [table for other, table in read if other.retry == name.retry]
            read.append((name, _torn(folder, name, had).select(_in_order(columns))))
    return merged(read, folder.month) if read else RESULT_SCHEMA.empty_table().select(_in_order(columns))


def rows_of(folder: JobFolder, parts: ShardParts, *, retry: int | None = None) -> list[Outcome]:
    """The same as outcomes, each with its marks, those of 0.1.0 too."""
    rows = from_table(facts(folder, parts, retry=retry))
    return [row if row.marks else with_attempts(row, attempts_of(row, folder.month, retry or 0)) for row in rows]


def wanted(item: Item) -> bool:
    """Whether the requests for pictures are made of this item: not of skipped ones, and of no film."""
    return item.skip is None and item.kind in PICTURES


def _torn(folder: JobFolder, name: PartName, beside: Iterable[pa.Table]) -> pa.Table:
    """What a half-written part tells: each call without another outcome was sent once, and maybe billed."""
    has = {
        key
        for table in beside
        for done in [table.filter(pc.not_equal(table.column("outcome"), OPEN))]
        for key in zip(done.column("item_id").to_pylist(), done.column("api").to_pylist(), strict=True)
    }
    if name.shard >= FIRST_OF_FILMS:  # its starts are found again by their tokens, for nothing
        return RESULT_SCHEMA.empty_table()
    only = Retry(folder, name.retry).names(name.shard) if name.retry else None
    holder = f"torn-r{name.retry:03d}" if name.retry else "torn"
    attempts = Attempts.of(holder, Tried("m", folder.month))
    return to_table(
        open_row(item.item_id, choice.api.name, attempts)
        for item in folder.items(name.shard)
        for request in requests(folder.spec.apis)
        if wanted(item) and (only is None or f"{item.item_id}:{request.name}" in only)
        for choice in request.choices
        if (item.item_id, choice.api.name) not in has
    )


def _in_order(columns: Collection[str]) -> list[str]:
    return [name for name in RESULT_SCHEMA.names if name in columns]


__all__ = ["COLUMNS", "facts", "rows_of", "wanted"]
