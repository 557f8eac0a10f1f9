"""Which items of a job may have a duplicate in it: those whose ETag and size, or size, another item has too.

Rule: computed once from the manifest, out of core; a worker reads the slice of its shard. Everything else needs no
place in Redis, where what was answered first is agreed on (jobs/ledger/claim.lua).
"""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.folder import PART_ROWS, JobFolder
from jobs.items import MANIFEST_SCHEMA
from jobs.known.database import scratch

# Of a URL nothing is known before it is read: any other URL may be the same.
_SQL = """
    with images as (
        select item_id, coalesce(etag, '') as etag, coalesce(size, -1) as size
        from manifest where kind = 'image' and skip is null
    )
    select item_id from images
    semi join (select etag, size from images group by all having count(*) > 1) using (etag, size)
    order by item_id"""
_GROUP_ROWS = 10_000


def write_duplicates(folder: JobFolder) -> int:
    """Find them and write them into the job folder, a file per part of the manifest. Returns how many there are."""
    found = 0
    with scratch() as database:
        database.register("manifest", manifest(folder))
        held: list[pa.Array] = []
        part = 0
        for batch in database.sql(_SQL).to_arrow_reader(PART_ROWS):
            ids = batch.column("item_id")
            found += len(ids)
            while len(ids):
                last = ids[len(ids) - 1].as_py() // PART_ROWS
                here = len(ids) if last == part else pc.sum(pc.less(ids, (part + 1) * PART_ROWS)).as_py()
                held.append(ids.slice(0, here))
                ids = ids.slice(here)
                if len(ids):
                    _write(folder, part, held)
                    held, part = [], ids[0].as_py() // PART_ROWS
        _write(folder, part, held)
    return found


def duplicates(folder: JobFolder, shard: int) -> frozenset[int]:
    """The items of one shard that may have a duplicate in the job."""
    size = folder.spec.shard_size
    start, stop = shard * size, min((shard + 1) * size, folder.spec.items)
    found: list[int] = []
    for part in range(start // PART_ROWS, (stop - 1) // PART_ROWS + 1):
        try:
            table = pq.read_table(
                f"{folder.root}/{_name(part)}",
                filesystem=folder.fs,
                filters=(ds.field("item_id") >= start) & (ds.field("item_id") < stop),
                use_threads=False,
            )
        except FileNotFoundError:
            continue  # none in this part of the manifest
        found += table.column("item_id").to_pylist()
    return frozenset(found)


def manifest(folder: JobFolder) -> ds.Dataset:
    """A job's manifest, to be read by columns."""
    paths = [f"{folder.root}/manifest/{name}" for name in folder.names("manifest")]
    return ds.dataset(paths, schema=MANIFEST_SCHEMA, format="parquet", filesystem=folder.fs)


def _write(folder: JobFolder, part: int, ids: list[pa.Array]) -> None:
    if not any(len(array) for array in ids):
        return
    buffer = io.BytesIO()
    pq.write_table(
        pa.table({"item_id": pa.chunked_array(ids, pa.int64())}),
        buffer,
        row_group_size=_GROUP_ROWS,
        use_dictionary=False,
        column_encoding={"item_id": "DELTA_BINARY_PACKED"},
    )
    folder.write(_name(part), buffer.getvalue())


def _name(part: int) -> str:
    return f"duplicates/part-{part:05d}.parquet"
