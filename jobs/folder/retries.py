"""A retry: the failed calls of a finished job, and those whose answer is lost, asked again. Nothing else of the job is
touched.

Rule: which calls a retry asks is written down once, before any is asked; their new outcomes are parts of their own.
`resume` continues a retry that stopped short, as it continues the scan itself.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs import documents
from jobs.apis import request_names
from jobs.codes import Code
from jobs.conditions import parse, reads
from jobs.errors import RekscanError
from jobs.folder.folder import JobFolder
from jobs.folder.half_written import set_pages_aside
from jobs.folder.video_pages import PagesName
from jobs.ledger import FIRST_OF_FILMS
from jobs.outcomes import NOT_ASKED

SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.int64(), nullable=False, metadata={"doc": "the item"}),
        pa.field("request", pa.string(), nullable=False, metadata={"doc": "APIs of the call, joined by +"}),
        pa.field("shard", pa.int64(), metadata={"doc": "of a call on a film, its shard (since 2)"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Retry:
    """`number` counts a job's retries from 1; 0 is the scan itself."""

    folder: JobFolder
    number: int

    def names(self, shard: int) -> set[str]:
        """The calls of one shard, as the journal names them."""
        size = self.folder.spec.shard_size
        mine = (pc.field("item_id") >= shard * size) & (pc.field("item_id") < (shard + 1) * size)
        rows = self._rows(pc.field("shard") == shard if shard >= FIRST_OF_FILMS else mine)
        return {f"{row['item_id']}:{row['request']}" for row in rows if self._shard(row) == shard}

    def shards(self) -> list[int]:
        """The shards it touches, in order."""
        return sorted({self._shard(row) for row in self._rows()})

    def calls(self, shards: set[int]) -> Counter[str]:
        """How many calls per API it asks in these shards."""
        apis = request_names(self.folder.spec.asked)
        found: Counter[str] = Counter()
        for row in self._rows():
            if self._shard(row) in shards:
                found.update(apis[row["request"]])
        return found

    def _shard(self, row: dict[str, Any]) -> int:
        of_film: int | None = row.get("shard")
        return int(row["item_id"]) // self.folder.spec.shard_size if of_film is None else of_film

    def _rows(self, where: "pc.Expression | None" = None) -> list[dict[str, Any]]:
        path = f"{self.folder.root}/retries/r{self.number:03d}.parquet"
        rows: list[dict[str, Any]] = self.folder.table(path, filters=where).to_pylist()
        return rows


def newest(folder: JobFolder) -> Retry | None:
    """The last retry of a job, None when there was none."""
    names = folder.names("retries")
    return Retry(folder, len(names)) if names else None


def plan_retry(folder: JobFolder, *, code: str | None = None, api: str | None = None) -> Retry:
    """Write down the failed calls to ask again: all, or those with AWS's `code`, or of one `api`.

    Raises RekscanError when there is none.
    """
    request_of = {api: name for name, apis in request_names(folder.spec.asked).items() for api in apis}
    tables = [
        pa.table(
            {
                "item_id": failed.column("item_id"),
                "request": [request_of[a] for a in failed.column("api").to_pylist()],
                "shard": pa.array([shard if shard >= FIRST_OF_FILMS else None] * failed.num_rows, pa.int64()),
            }
        )
        for shard, failed in _asked_again(folder, code, api)
    ]
    calls = pa.concat_tables(tables).cast(SCHEMA) if tables else SCHEMA.empty_table()
    if calls.num_rows == 0:
        asked = " ".join(filter(None, [f"with code {code}" if code else "", f"of {api}" if api else ""]))
        raise RekscanError(
            f"job {folder.job} has no failed call{' ' + asked if asked else ''}",
            f"`rekscan report {folder.job}` lists what failed and why.",
        )
    calls = calls.group_by(["item_id", "request", "shard"]).aggregate([]).sort_by("item_id")
    number = len(folder.names("retries")) + 1
    buffer = io.BytesIO()
    pq.write_table(calls.replace_schema_metadata(documents.STAMP), buffer, compression="zstd")
    folder.write(f"retries/r{number:03d}.parquet", buffer.getvalue(), once=True)
    return Retry(folder, number)


def _asked_again(folder: JobFolder, code: str | None, api: str | None) -> Iterator[tuple[int, pa.Table]]:
    """By shard, the calls that failed, and those that were not asked as their condition could not be decided without
    these."""
    conditions = {choice.api.name: reads(parse(choice.when)) for choice in folder.spec.apis if choice.when}
    for shard, rows, failed in _failed(folder, code, api):
        if conditions and shard < FIRST_OF_FILMS:
            failed = pa.concat_tables([failed, _undecided(rows, failed, conditions)])
        if failed.num_rows:
            yield shard, failed


def _undecided(rows: pa.Table, again: pa.Table, conditions: Mapping[str, frozenset[str]]) -> pa.Table:
    """Calls whose condition could not be decided, and that reads what is asked again, or nothing but answers by now."""
    asked = _apis_of_items(again)
    told = _apis_of_items(rows.filter(pc.is_in(rows.column("outcome"), pa.array(["ok", NOT_ASKED]))))
    undecided = pc.fill_null(pc.equal(rows.column("code"), str(Code.CONDITION_UNKNOWN)), False)
    open_ = rows.filter(undecided).to_pylist()
    for row in open_:
        told[row["item_id"]].discard(row["api"])

    def is_due(row: Mapping[str, Any]) -> bool:
        needs, item_id = conditions.get(row["api"], frozenset()), row["item_id"]
        return bool(needs & asked[item_id]) or needs <= told[item_id]

    found: list[dict[str, Any]] = []
    while due := [row for row in open_ if is_due(row)]:
        for row in due:
            asked[row["item_id"]].add(row["api"])  # a condition may read this one
            open_.remove(row)
        found += due
    return pa.Table.from_pylist(found, rows.schema)


def _apis_of_items(rows: pa.Table) -> defaultdict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for item_id, api in zip(rows.column("item_id").to_pylist(), rows.column("api").to_pylist(), strict=True):
        found[item_id].add(api)
    return found


def _failed(folder: JobFolder, code: str | None, api: str | None) -> Iterator[tuple[int, pa.Table, pa.Table]]:
    """By shard, its rows, and those of them that failed."""
    there = {choice.api.name: set_pages_aside(folder, choice.api.name) for choice in folder.spec.video_apis}
    for shard, paths in folder.result_parts().items():
        rows = folder.result(paths, first=True).select(["item_id", "api", "outcome", "code", "epoch"])
        if shard >= FIRST_OF_FILMS:
            rows = _without_lost(rows, there)
        wanted = pc.equal(rows.column("outcome"), "failed")
        if code is not None:
            wanted = pc.and_(wanted, pc.fill_null(pc.equal(rows.column("code"), code), False))
        if api is not None:
            wanted = pc.and_(wanted, pc.equal(rows.column("api"), api))
        yield shard, rows, rows.filter(wanted)


def _without_lost(rows: pa.Table, there: Mapping[str, Mapping[int, PagesName]]) -> pa.Table:
    """The rows of films, those whose answer's file is gone as failed. `there`: by API and item, the files there are."""
    told = rows.to_pylist()
    for row in told:
        name = there.get(row["api"], {}).get(row["item_id"])
        if row["outcome"] == "ok" and (name is None or name.epoch < (row["epoch"] or 0)):
            row |= {"outcome": "failed", "code": str(Code.LOST_ANSWER)}
    return pa.Table.from_pylist(told, rows.schema)
