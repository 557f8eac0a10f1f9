"""Tables into files: CSV and Parquet, row after row, whole or not at all.

Rule: everything is written in a folder aside and moved into place when all of it is complete, so a reader never sees
half a build. On S3 the folder aside is local and the files go up at the end.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jobs.folder import JobFolder
from jobs.money.prices import money
from reports.spreadsheet_safe import defuse_table, keep_text

GROUP_BYTES = 32 * 1024 * 1024  # of a Parquet row group before compression
GROUP_ROWS = 1_000_000


class TableWriter(Protocol):
    """One table in one format."""

    paths: list[Path]

    def write(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


class ParquetWriter:
    """Row groups by size: small enough to read one at a time, large enough to compress."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.paths = [path]
        self._file = pq.ParquetWriter(path, schema, compression="zstd", compression_level=3)
        self._pending: list[pa.Table] = []
        self._bytes = 0
        self._rows = 0

    def write(self, table: pa.Table) -> None:
        self._pending.append(table)
        self._bytes += table.nbytes
        self._rows += table.num_rows
        if self._bytes >= GROUP_BYTES or self._rows >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._rows:
            self._file.write_table(pa.concat_tables(self._pending), row_group_size=self._rows)
        self._pending, self._bytes, self._rows = [], 0, 0


class CsvWriter:
    """UTF-8, RFC 4180 quoting, a header line, no cell a spreadsheet would run."""

    _start = b""
    _most: int | None = None  # rows in a file

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.paths: list[Path] = []
        self._path = path
        self._schema = _as_text(schema.empty_table()).schema
        self._open()

    def write(self, table: pa.Table) -> None:
        ready = self._cells(_as_text(table)).cast(self._schema)
        while self._most is not None and self._rows + ready.num_rows > self._most:
            room = self._most - self._rows
            self._file.write_table(ready.slice(0, room))
            ready = ready.slice(room)
            self.close()
            self._open()
        self._file.write_table(ready)
        self._rows += ready.num_rows

    def close(self) -> None:
        self._file.close()
        self._sink.close()

    def _open(self) -> None:
        number = len(self.paths) + 1
        path = self._path if number == 1 else self._path.with_stem(f"{self._path.stem}-{number}")
        self.paths.append(path)
        self._rows = 0
        self._sink = pa.OSFile(str(path), "wb")
        self._sink.write(self._start)
        self._file = pacsv.CSVWriter(self._sink, self._schema, write_options=pacsv.WriteOptions(batch_size=8192))

    def _cells(self, table: pa.Table) -> pa.Table:
        return table


def _as_text(table: pa.Table) -> pa.Table:
    """What CSV carries: safe texts, and amounts of money in plain digits (Arrow writes a zero as 0E-15)."""
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            plain = pa.array([money(amount) for amount in table.column(index).to_pylist()], pa.string())
            table = table.set_column(index, field.name, plain)
    return defuse_table(table)


class ExcelCsvWriter(CsvWriter):
    """For Excel: a byte order mark, so that it reads UTF-8; no more rows in a file or text in a cell than it shows; and
    texts that look like numbers or dates stay texts."""

    _start = b"\xef\xbb\xbf"
    _most = 1_048_576 - 1  # of a sheet, less the header
    _CELL = 32_767

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._texts = [index for index, field in enumerate(schema) if pa.types.is_string(field.type)]
        super().__init__(path, schema)

    def _cells(self, table: pa.Table) -> pa.Table:
        for index in self._texts:
            cut = keep_text(pc.utf8_slice_codeunits(table.column(index), 0, self._CELL))
            table = table.set_column(index, table.schema.field(index).name, cut)
        return table


class AnswersWriter:
    """`answers.jsonl`: every outcome with AWS's answer as it came, one JSON object a line; of a film, a line a page."""

    _COLUMNS = ("api", "outcome", "code", "message", "attempts", "units", "sent", "fit", "model_version", "started_at")

    def __init__(self, path: Path) -> None:
        self.paths = [path]
        self._file = path.open("wb")

    def write(self, items: pa.Table, outcomes: pa.Table | None) -> None:
        if outcomes is None:
            return
        uris = dict(zip(items.column("item_id").to_pylist(), items.column("uri").to_pylist(), strict=True))
        columns = [outcomes.column(name).to_pylist() for name in ("item_id", "response", *self._COLUMNS)]
        for item, response, *values in zip(*columns, strict=True):
            line = {"item_id": item, "uri": uris[item], **dict(zip(self._COLUMNS, values, strict=True))}
            line["response"] = orjson.Fragment(response) if response else None
            self._line(line)

    def write_film(self, uri: str, outcome: Mapping[str, Any], page: int | None = None, answer: Any = None) -> None:
        """A call on a film: a page of its answer, or that it has none."""
        told = {name: outcome[name] for name in self._COLUMNS}
        self._line({"item_id": outcome["item_id"], "uri": uri, **told, "page": page, "response": answer})

    def _line(self, line: Mapping[str, Any]) -> None:
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        self._file.close()


class Pen(AbstractContextManager["Pen"]):
    """Writes in a thread of its own, in order, while the next rows are made; at most a few writes behind."""

    _BEHIND = 4

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "tables")
        self._waiting: deque[Future[None]] = deque()

    def write(self, writers: Iterable[TableWriter], table: pa.Table) -> None:
        if len(self._waiting) >= self._BEHIND:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(_write, tuple(writers), table))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=error is not None)
        if error is None:
            for write in self._waiting:
                write.result()


def _write(writers: tuple[TableWriter, ...], table: pa.Table) -> None:
    for writer in writers:
        writer.write(table)


@contextmanager
def open_writers(writers: Iterable[TableWriter | AnswersWriter]) -> Iterator[None]:
    """Close every writer, whatever happens to the others."""
    with ExitStack() as stack:
        for writer in writers:
            stack.callback(writer.close)
        yield


def build_area(folder: JobFolder) -> AbstractContextManager[Path]:
    """A private folder to build in, on the same disk as the job where that is local."""
    if folder.report_files is folder.files:
        folder.files.make_private(folder.root)
    return folder.report_files.building(folder.reports)


def publish(folder: JobFolder, files: Iterable[Path]) -> list[str]:
    """Move built files (or folders) into the job's `reports/`; returns where they are."""
    published = []
    for file in files:
        folder.report_files.publish(file, f"{folder.reports}/{file.name}")
        published.append(folder.report_files.uri(f"{folder.reports}/{file.name}"))
    return published


def unpublish(folder: JobFolder, names: Iterable[str]) -> None:
    """Delete files of an earlier build that this one does not replace."""
    for name in names:
        folder.delete(f"reports/{name}")
