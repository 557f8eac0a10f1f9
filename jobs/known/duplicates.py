"""Which items of a job may have a duplicate in it: those whose ETag and size, or size, another item has too.

Rule: computed once from the manifest, out of core; a worker reads the slice of its shard. Everything else needs no
place in Redis, where what was answered first is agreed on (jobs/ledger/claim.lua).
"""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs import documents
from jobs.files import ParquetFiles
from jobs.folder import PART_ROWS, JobFolder
from jobs.items import PICTURES
from jobs.known.buckets import ROWS, Buckets, names_of

SCHEMA = pa.schema([pa.field("item_id", pa.int64(), metadata={"doc": "an item that may have a duplicate in the job"})])
_GROUP_ROWS = 10_000
_COLUMNS = ("item_id", "etag", "size")


def write_duplicates(folder: JobFolder, *, amended: int = 0) -> int:
    """Find them and write them into the job folder, a file per PART_ROWS items. Returns how many there are.

    `amended`: how often the listing of the job went on; each time they are found anew.
    """
    listing = manifest(folder)
    several = np.zeros(listing.count_rows(), bool)
    image = ds.field("kind").isin(PICTURES) & ds.field("skip").is_null()
    with Buckets() as buckets:
        for batch in listing.batches([*_COLUMNS, "kind", "skip"], image, rows=ROWS):
            ids, etags, sizes = (batch.column(name).to_pylist() for name in _COLUMNS)
            # Of a URL nothing is known before it is read: any other URL may be the same.
            names = names_of(f"{etag}:{size}" for etag, size in zip(etags, sizes, strict=True))
            buckets.add(names, item=np.array(ids, np.int64))
        for _, _, records in buckets.each():
            _, which, counts = np.unique(records["name"], return_inverse=True, return_counts=True)
            several[records["item"][counts[which] > 1]] = True
    for start in range(0, len(several), PART_ROWS):
        found = np.flatnonzero(several[start : start + PART_ROWS]) + start
        if len(found):
            _write(folder, _name(start // PART_ROWS, amended), found)
    return int(several.sum())


def duplicates(folder: JobFolder, shard: int) -> frozenset[int]:
    """The items of one shard that may have a duplicate in the job."""
    size = folder.spec.shard_size
    start, stop = shard * size, min((shard + 1) * size, folder.spec.items)
    found: list[int] = []
    for part in range(start // PART_ROWS, (stop - 1) // PART_ROWS + 1):
        try:
            table = folder.table(
                f"{folder.root}/{_name(part, folder.spec.amended)}",
                filters=(ds.field("item_id") >= start) & (ds.field("item_id") < stop),
                use_threads=False,
            )
        except FileNotFoundError:
            continue  # none in this part of the manifest
        found += table.column("item_id").to_pylist()
    return frozenset(found)


def manifest(folder: JobFolder, *, start: int = 0) -> ParquetFiles:
    """A job's manifest, or its parts from number `start` on, to be read by columns."""
    return ParquetFiles(folder.files, tuple(entry.path for entry in folder.entries("manifest")[start:]))


def _write(folder: JobFolder, name: str, ids: npt.NDArray[Any]) -> None:
    buffer = io.BytesIO()
    pq.write_table(
        pa.table([pa.array(ids, pa.int64())], schema=SCHEMA.with_metadata(documents.STAMP)),
        buffer,
        row_group_size=_GROUP_ROWS,
        use_dictionary=False,
        column_encoding={"item_id": "DELTA_BINARY_PACKED"},
    )
    folder.write(name, buffer.getvalue())


def _name(part: int, amended: int) -> str:
    return f"duplicates{f'-{amended:03d}' if amended else ''}/part-{part:05d}.parquet"
