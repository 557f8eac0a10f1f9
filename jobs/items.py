"""An item: one file or object of a source, as the manifest keeps it.

Rule: every file of a source becomes exactly one item. One that cannot be scanned carries the reason in `skip`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

import pyarrow as pa

Kind = Literal["image", "video", "other"]


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the manifest.

    `uri`: an absolute local path, `s3://bucket/key` with the key as it is (not percent-encoded), or an http(s) URL.
    A path that is not valid UTF-8 stands as a percent-encoded `file:///` URI, which no plain path can be mistaken for.
    `skip`: why the item is never sent (`hidden`, `not-media`, `unreadable: ...`, `archived: GLACIER`, ...), else None.
    """

    item_id: int  # position in the manifest, from 0
    uri: str  # path or URI, with all it takes to fetch it: only here may it carry a secret
    kind: Kind  # what its name or content says it is
    size: int | None = None  # bytes
    etag: str | None = None  # S3, without quotes
    version: str | None = None  # S3 VersionId
    modified: datetime | None = None  # aware, UTC
    skip: str | None = None  # why it is never sent


MANIFEST_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.int64(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("size", pa.int64()),
        pa.field("etag", pa.string()),
        pa.field("version", pa.string()),
        pa.field("modified", pa.timestamp("us", tz="UTC")),
        pa.field("skip", pa.string()),
    ]
)
_NAMES = tuple(field.name for field in fields(Item))


def to_batch(items: Iterable[Item]) -> pa.RecordBatch:
    """Items as one record batch of MANIFEST_SCHEMA."""
    rows = list(items)
    columns = [[getattr(row, name) for row in rows] for name in _NAMES]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, MANIFEST_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=MANIFEST_SCHEMA)


def from_batch(batch: pa.RecordBatch) -> list[Item]:
    """The items of a record batch of MANIFEST_SCHEMA."""
    return [Item(*row) for row in zip(*(batch.column(name).to_pylist() for name in _NAMES), strict=True)]
