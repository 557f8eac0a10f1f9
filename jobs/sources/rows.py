"""Rows of a manifest on their way there: columns, not objects, because a source may have a hundred million of them.

Rule: a batch of a source has ROW_SCHEMA (the manifest without `item_id`); numbering is the last step, done once.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from jobs.item_rows import MANIFEST_SCHEMA
from jobs.items import Kind

ROW_SCHEMA = pa.schema([field for field in MANIFEST_SCHEMA if field.name != "item_id"])
BATCH_ROWS = 10_000
_MICROSECONDS = pa.timestamp("us", tz="UTC")


class Rows:
    """Collects rows and hands them out as record batches of ROW_SCHEMA."""

    __slots__ = ("etag", "kind", "modified", "size", "skip", "uri", "version")

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.uri: list[str] = []
        self.kind: list[Kind] = []
        self.size: list[int | None] = []
        self.etag: list[str | None] = []
        self.version: list[str | None] = []
        self.modified: list[int | None] = []  # microseconds since 1970, UTC
        self.skip: list[str | None] = []

    def __len__(self) -> int:
        return len(self.uri)

    def add(
        self,
        uri: str,
        kind: Kind,
        size: int | None = None,
        etag: str | None = None,
        version: str | None = None,
        modified: int | None = None,
        skip: str | None = None,
    ) -> None:
        self.uri.append(uri)
        self.kind.append(kind)
        self.size.append(size)
        self.etag.append(etag)
        self.version.append(version)
        self.modified.append(modified)
        self.skip.append(skip)

    def take(self) -> pa.RecordBatch:
        """Everything collected so far, as one batch; collecting starts anew."""
        columns = [
            pa.array(self.uri, pa.string()),
            pa.array(self.kind, pa.string()),
            pa.array(self.size, pa.int64()),
            pa.array(self.etag, pa.string()),
            pa.array(self.version, pa.string()),
            pa.array(self.modified, pa.int64()).cast(_MICROSECONDS),
            pa.array(self.skip, pa.string()),
        ]
        self._clear()
        return pa.RecordBatch.from_arrays(columns, schema=ROW_SCHEMA)


def numbered(batches: Iterable[pa.RecordBatch], start: int = 0) -> Iterator[pa.RecordBatch]:
    """ROW_SCHEMA batches as MANIFEST_SCHEMA batches, `item_id` rising from `start` without gaps."""
    for batch in batches:
        if batch.num_rows:
            ids = pa.arange(start, start + batch.num_rows)
            yield pa.RecordBatch.from_arrays([ids, *batch.columns], schema=MANIFEST_SCHEMA)
            start += batch.num_rows
