"""Reading a result part, of whatever version wrote it.

Rule: what comes out is of RESULT_SCHEMA: columns that came later are null, those that this version does not know are
left out.
"""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import documents
from jobs.files import Files
from jobs.outcomes import RESULT_SCHEMA


def read_part(
    files: Files, path: str, columns: Collection[str] = RESULT_SCHEMA.names, *, use_threads: bool = True
) -> pa.Table:
    """The outcomes in a part file, or some columns of them.

    Raises NewerFormat, FileNotFoundError, or ArrowInvalid where it is half-written.
    """
    with files.whole(path) as file:
        part = pq.ParquetFile(file, pre_buffer=True)
        documents.check_file(part.metadata.metadata, path)
        there = set(part.schema_arrow.names)
        table = part.read([name for name in columns if name in there], use_threads=use_threads)
    fields = [field for field in RESULT_SCHEMA if field.name in columns]
    found = [
        table.column(field.name).cast(field.type) if field.name in there else pa.nulls(table.num_rows, field.type)
        for field in fields
    ]
    return pa.Table.from_arrays(found, schema=pa.schema(fields))
