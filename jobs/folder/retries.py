"""A retry: the failed calls of a finished job, asked again. Nothing else of the job is touched.

Rule: which calls a retry asks is written down once, before any is asked; their new outcomes are parts of their own.
`resume` continues a retry that stopped short, as it continues the scan itself.
"""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs import documents
from jobs.apis import requests
from jobs.errors import RekscanError
from jobs.folder.folder import JobFolder

SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.int64(), nullable=False, metadata={"doc": "the item"}),
        pa.field("request", pa.string(), nullable=False, metadata={"doc": "APIs of the call, joined by +"}),
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
        table = self._table(mine)
        rows = zip(table.column("item_id").to_pylist(), table.column("request").to_pylist(), strict=True)
        return {f"{item}:{request}" for item, request in rows}

    def shards(self) -> list[int]:
        """The shards it touches, in order."""
        size = self.folder.spec.shard_size
        return sorted({item // size for item in self._table().column("item_id").to_pylist()})

    def calls(self, shards: set[int]) -> Counter[str]:
        """How many calls per API it asks in these shards."""
        size = self.folder.spec.shard_size
        apis = {r.name: [choice.api.name for choice in r.choices] for r in requests(self.folder.spec.apis)}
        found: Counter[str] = Counter()
        for row in self._table().to_pylist():
            if row["item_id"] // size in shards:
                found.update(apis[row["request"]])
        return found

    def _table(self, where: "pc.Expression | None" = None) -> pa.Table:
        return self.folder.table(f"{self.folder.root}/retries/r{self.number:03d}.parquet", filters=where)


def newest(folder: JobFolder) -> Retry | None:
    """The last retry of a job, None when there was none."""
    names = folder.names("retries")
    return Retry(folder, len(names)) if names else None


def plan_retry(folder: JobFolder, *, code: str | None = None, api: str | None = None) -> Retry:
    """Write down the failed calls to ask again: all, or those with AWS's `code`, or of one `api`.

    Raises RekscanError when there is none.
    """
    request_of = {choice.api.name: request.name for request in requests(folder.spec.apis) for choice in request.choices}
    tables = [
        pa.table(
            {"item_id": failed.column("item_id"), "request": [request_of[a] for a in failed.column("api").to_pylist()]}
        )
        for failed in _failed(folder, code, api)
    ]
    calls = pa.concat_tables(tables).cast(SCHEMA) if tables else SCHEMA.empty_table()
    if calls.num_rows == 0:
        asked = " ".join(filter(None, [f"with code {code}" if code else "", f"of {api}" if api else ""]))
        raise RekscanError(
            f"job {folder.job} has no failed call{' ' + asked if asked else ''}",
            f"`rekscan report {folder.job}` lists what failed and why.",
        )
    calls = calls.group_by(["item_id", "request"]).aggregate([]).sort_by("item_id")
    number = len(folder.names("retries")) + 1
    buffer = io.BytesIO()
    pq.write_table(calls.replace_schema_metadata(documents.STAMP), buffer, compression="zstd")
    folder.write(f"retries/r{number:03d}.parquet", buffer.getvalue(), once=True)
    return Retry(folder, number)


def _failed(folder: JobFolder, code: str | None, api: str | None) -> Iterator[pa.Table]:
    for paths in folder.result_parts().values():
        rows = folder.result(paths).select(["item_id", "api", "outcome", "code"])
        wanted = pc.equal(rows.column("outcome"), "failed")
        if code is not None:
            wanted = pc.and_(wanted, pc.fill_null(pc.equal(rows.column("code"), code), False))
        if api is not None:
            wanted = pc.and_(wanted, pc.equal(rows.column("api"), api))
        rows = rows.filter(wanted)
        if rows.num_rows:
            yield rows
