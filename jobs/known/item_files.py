"""Tables of some items of a job, a file per PART_ROWS of its items: what a worker reads is the slice of its shard.

Rule: derived from the manifest once, when the job is made; a part without such items has no file.
"""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs import documents
from jobs.folder import PART_ROWS, JobFolder

_GROUP_ROWS = 10_000


def write_part(folder: JobFolder, directory: str, part: int, table: pa.Table) -> None:
    """`table`: with the column `item_id`, in its order, whole numbers throughout."""
    buffer = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(documents.STAMP),
        buffer,
        row_group_size=_GROUP_ROWS,
        use_dictionary=False,
        column_encoding=dict.fromkeys(table.column_names, "DELTA_BINARY_PACKED"),
    )
    folder.write(_name(directory, part), buffer.getvalue())


def of_shard(folder: JobFolder, directory: str, shard: int) -> Iterator[pa.Table]:
    """The rows of one shard's items."""
    size = folder.spec.shard_size
    start, stop = shard * size, min((shard + 1) * size, folder.spec.items)
    for part in range(start // PART_ROWS, (stop - 1) // PART_ROWS + 1):
        try:
            yield folder.table(
                f"{folder.root}/{_name(directory, part)}",
                filters=(ds.field("item_id") >= start) & (ds.field("item_id") < stop),
                use_threads=False,
            )
        except FileNotFoundError:
            continue  # none in this part of the manifest


def _name(directory: str, part: int) -> str:
    return f"{directory}/part-{part:05d}.parquet"
