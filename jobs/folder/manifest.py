"""Writing a job's manifest: rows of a source into parts of one size, in constant memory."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import documents
from jobs.item_rows import MANIFEST_SCHEMA, to_batch
from jobs.items import Item


class ManifestWriter(AbstractContextManager["ManifestWriter"]):
    """Streams items into manifest parts of `part_rows` rows: constant memory at any length."""

    def __init__(self, write: Callable[[str, bytes], object], part_rows: int, start: int = 0) -> None:
        """`write`: a file of the job folder. `start`: items that whole parts hold already."""
        self._write = write
        self._rows = part_rows
        self._part = start // part_rows
        self._batches: list[pa.RecordBatch] = []
        self._pending = 0
        self.count = start

    def add(self, *items: Item) -> None:
        self.add_batch(to_batch(items))

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add rows of MANIFEST_SCHEMA whose `item_id` goes on from the last."""
        self.count += batch.num_rows
        while self._pending + batch.num_rows >= self._rows:
            room = self._rows - self._pending
            self._batches.append(batch.slice(0, room))
            self._flush()
            batch = batch.slice(room)
        if batch.num_rows:
            self._batches.append(batch)
            self._pending += batch.num_rows

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._batches:
            self._flush()

    def _flush(self) -> None:
        buffer = io.BytesIO()
        rows = pa.Table.from_batches(self._batches, schema=MANIFEST_SCHEMA).replace_schema_metadata(documents.STAMP)
        pq.write_table(rows, buffer, compression="zstd", row_group_size=10_000)
        self._write(f"manifest/part-{self._part:05d}.parquet", buffer.getvalue())
        self._part += 1
        self._batches = []
        self._pending = 0
