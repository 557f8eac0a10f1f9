"""Items as Arrow has them: rows of the manifest."""

from collections.abc import Iterable
from dataclasses import fields

import pyarrow as pa

from jobs.items import Item

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
