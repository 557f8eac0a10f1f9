"""Parquet files of a home as tables.

Rules: the file alone says what is in it; names of the folders above it (`.../name=Dog/...`) say nothing. A file that is
read here and there (`Files.open`) may be a Python object, so it is read by the thread that asks and no other: Arrow's
own threads would still hold it when Python ends, which ends the process with an abort. A file of a newer format is
refused (jobs/documents.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs import documents
from jobs.files.base import Files
from jobs.later import Later

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    pq = Later("pyarrow.parquet")


def read_table(files: Files, path: str, **options: Any) -> "pa.Table":
    """`options` as those of pyarrow's `read_table`. Raises FileNotFoundError when there is no such file."""
    with files.whole(path) as file:
        table = pq.read_table(file, **options)
    documents.check_file(table.schema.metadata, path)
    return table


def read_columns(files: Files, path: str, columns: list[str]) -> "pa.Table":
    """Some columns of a file, without what else is in it. Raises FileNotFoundError when there is no such file."""
    with files.open(path) as file:
        return _checked(pq.ParquetFile(file), path).read(columns, use_threads=False)


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """Files of one schema, one after the other."""

    files: Files
    paths: tuple[str, ...]

    def count_rows(self) -> int:
        return sum(self._metadata(path).num_rows for path in self.paths)

    def batches(self, columns: list[str], where: "pc.Expression", *, rows: int) -> Iterator["pa.RecordBatch"]:
        """The rows that are `where`, a few at a time in constant memory; `columns` has those of `where` too."""
        for path in self.paths:
            with self.files.open(path) as file:
                part = _checked(pq.ParquetFile(file), path)
                for batch in part.iter_batches(rows, columns=columns, use_threads=False):
                    yield batch.filter(where)

    def _metadata(self, path: str) -> "pq.FileMetaData":
        with self.files.open(path) as file:
            return pq.ParquetFile(file).metadata


def _checked(file: "pq.ParquetFile", path: str) -> "pq.ParquetFile":
    documents.check_file(file.metadata.metadata, path)
    return file
