"""Which items of a job may have a duplicate in it: those whose ETag and size, or size, another item has too.

Rule: computed once from the manifest, out of core; a worker reads the slice of its shard. Everything else needs no
place in Redis, where what was answered first is agreed on (jobs/ledger/claim.lua).
"""

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from jobs.files import ParquetFiles
from jobs.folder import PART_ROWS, JobFolder
from jobs.items import PICTURES
from jobs.known.buckets import ROWS, Buckets, names_of
from jobs.known.item_files import of_shard, write_part

SCHEMA = pa.schema([pa.field("item_id", pa.int64(), metadata={"doc": "an item that may have a duplicate in the job"})])
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
            table = pa.table([pa.array(found, pa.int64())], schema=SCHEMA)
            write_part(folder, _directory(amended), start // PART_ROWS, table)
    return int(several.sum())


def duplicates(folder: JobFolder, shard: int) -> frozenset[int]:
    """The items of one shard that may have a duplicate in the job."""
    found = of_shard(folder, _directory(folder.spec.amended), shard)
    return frozenset(item for table in found for item in table.column("item_id").to_pylist())


def manifest(folder: JobFolder, *, start: int = 0) -> ParquetFiles:
    """A job's manifest, or its parts from number `start` on, to be read by columns."""
    return ParquetFiles(folder.files, tuple(entry.path for entry in folder.entries("manifest")[start:]))


def _directory(amended: int) -> str:
    return f"duplicates{f'-{amended:03d}' if amended else ''}"
