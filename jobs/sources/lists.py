"""A list file as a source: one URI a line, or a column of a CSV, JSON Lines or Parquet file.

Rule: every line becomes exactly one row; a line that names nothing is a row with `skip="bad-uri: ..."`. Read as a
stream, from disk, stdin or S3. Relative paths are relative to the folder of the list.
"""

import csv
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.s3_errors import explain
from jobs.codes import Code
from jobs.errors import RekscanError, UsageError
from jobs.formats.names import of_key
from jobs.sources.directory import local_row
from jobs.sources.rows import BATCH_ROWS, Rows
from jobs.sources.s3 import S3ClientFactory
from jobs.uris import split_s3

EXTENSIONS = frozenset(("txt", "csv", "tsv", "jsonl", "ndjson", "parquet"))
COLUMNS = ("uri", "url", "path", "key", "source-ref", "s3_uri", "file")  # looked for in this order


@dataclass(frozen=True, slots=True)
class ListFile:
    """`text`: a path, an s3:// URI, or `-` for lines on stdin. `column`: of a csv, jsonl or parquet list."""

    uri: str
    column: str | None
    s3_client_factory: S3ClientFactory

    def batches(self) -> Iterator[pa.RecordBatch]:
        """ROW_SCHEMA batches. Raises RekscanError when the list itself cannot be read or has no usable column."""
        rows = Rows()
        line = _Line(rows, self.base())
        for number, value in enumerate(self._values(), 1):
            line.add(value, number)
            if len(rows) >= BATCH_ROWS:
                yield rows.take()
        yield rows.take()

    def base(self) -> bytes | str:
        """What relative paths are relative to: a folder (bytes), or `s3://bucket/folder/`."""
        if self.uri.startswith("s3://"):
            return self.uri.rpartition("/")[0] + "/"
        return os.fsencode(os.getcwd() if self.uri == "-" else os.path.dirname(os.path.abspath(self.uri)))  # noqa: PTH100, PTH109, PTH120

    def _values(self) -> Iterator[str | None]:
        """The URIs as written, None for a line that holds none."""
        extension = self.uri.rpartition(".")[2].lower() if self.uri != "-" else "txt"
        if extension == "parquet":
            with as_path(self.uri, self.s3_client_factory) as path:
                yield from _of_parquet(path, self.uri, self.column)
            return
        with open_bytes(self.uri, self.s3_client_factory) as file:
            if extension in ("jsonl", "ndjson"):
                yield from _of_json_lines(file, self.column)
            elif extension in ("csv", "tsv"):
                with io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as table:
                    yield from _of_csv(table, self.uri, self.column, "\t" if extension == "tsv" else ",")
            else:
                for number, line in enumerate(file):
                    line = line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line
                    if text := line.rstrip(b"\r\n"):
                        yield text.decode("utf-8", "surrogateescape")


@contextmanager
def open_bytes(uri: str, s3_client_factory: S3ClientFactory) -> Iterator[IO[bytes]]:
    """A local file, stdin (`-`) or S3 object, read as a stream. Raises RekscanError when it cannot be opened."""
    if uri == "-":
        yield sys.stdin.buffer
        return
    if not uri.startswith("s3://"):
        try:
            file = open(uri, "rb")  # noqa: PTH123, SIM115  closed below, not around the caller's errors
        except OSError as error:
            raise RekscanError(f"cannot read {uri}: {error.strerror}", "Check the path.") from error
        with file:
            yield file
        return
    bucket, key = split_s3(uri)
    try:
        body = s3_client_factory().get_object(Bucket=bucket, Key=key)["Body"]
    except (ClientError, BotoCoreError) as error:
        raise explain(error, uri, "s3:GetObject") from error
    with closing(body):
        yield io.BufferedReader(_Raw(body), 1 << 20)


@contextmanager
def as_path(uri: str, s3_client_factory: S3ClientFactory) -> Iterator[str]:
    """A local path of the file, for readers that jump about in it: S3 objects are fetched into a temporary file."""
    if not uri.startswith("s3://"):
        with open_bytes(uri, s3_client_factory):
            yield uri
        return
    with tempfile.NamedTemporaryFile(prefix="rekscan-") as copy:
        with open_bytes(uri, s3_client_factory) as body:
            shutil.copyfileobj(body, copy, 1 << 20)
        copy.flush()
        yield copy.name


class _Raw(io.RawIOBase):
    """botocore's body as a raw stream, which its own line iterator is not: that one splits on more than newlines."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _column_of(names: list[str], wanted: str | None) -> str | None:
    if wanted is not None:
        return wanted if wanted in names else None
    lower = {name.strip().lower(): name for name in reversed(names)}
    return next((lower[name] for name in COLUMNS if name in lower), None)


def _no_column(uri: str, names: list[str], wanted: str | None) -> UsageError:
    what = f"no column {wanted!r}" if wanted else f"none of the columns {', '.join(COLUMNS)}"
    return UsageError(
        f"{uri} has {what}; it has {', '.join(map(repr, names[:20]))}", f"Choose one: {uri}#column or --column."
    )


def _of_csv(text: IO[str], uri: str, wanted: str | None, delimiter: str) -> Iterator[str | None]:
    reader = csv.reader(text, delimiter=delimiter)
    header = next(reader, None)
    if header is None:
        return
    column = _column_of(header, wanted)
    if column is None:
        if wanted is not None or len(header) != 1:
            raise _no_column(uri, header, wanted)
        at = 0
        if "/" in header[0] or "." in header[0]:  # a bare list of URIs without a header
            yield header[0]
    else:
        at = header.index(column)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a field longer than csv's limit
            yield None
            continue
        if record:
            yield record[at] if at < len(record) else None


def _of_json_lines(file: IO[bytes], wanted: str | None) -> Iterator[str | None]:
    for line in file:
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            yield None
            continue
        if isinstance(record, dict):
            column = _column_of(list(record), wanted)
            record = record[column] if column is not None else None
        yield record if isinstance(record, str) else None


def _of_parquet(path: str, uri: str, wanted: str | None) -> Iterator[str | None]:
    try:
        parquet = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise RekscanError(f"{uri} is not a Parquet file: {error}", "Check the file.") from error
    column = _column_of(parquet.schema_arrow.names, wanted)
    if column is None:
        raise _no_column(uri, parquet.schema_arrow.names, wanted)
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=[column]):
        values = batch.column(0)
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        for value in values.to_pylist():
            if isinstance(value, bytes):
                yield value.decode("utf-8", "surrogateescape")
            else:
                yield value if isinstance(value, str) else None


class _Line:
    """Turns one URI as written into one row."""

    def __init__(self, rows: Rows, base: bytes | str) -> None:
        self._rows = rows
        self._base = base

    def add(self, text: str | None, number: int) -> None:
        if not text:
            self._bad(f"line {number}", "no URI in the line")
        elif text.startswith("s3://"):
            self._object(text)
        elif text.startswith(("http://", "https://")):
            self._web(text)
        elif text.startswith("file:"):
            self._file(text)
        elif "://" in text.partition("/")[0] + "//" and "://" in text:
            self._bad(text, f"unknown scheme {text.partition('://')[0]}")
        elif isinstance(self._base, str) and not text.startswith("/"):
            self._object(self._base + text)
        else:
            self._path(os.fsencode(text))

    def _bad(self, text: str, why: str) -> None:
        readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        self._rows.add(readable, "other", skip=f"{Code.BAD_URI}: {why}")

    def _path(self, path: bytes) -> None:
        if b"\0" in path:
            self._bad(path.decode("utf-8", "surrogateescape"), "a path cannot hold a NUL")
            return
        base = self._base if isinstance(self._base, bytes) else b"/"
        local_row(self._rows, os.path.join(base, path))  # noqa: PTH118  bytes path

    def _object(self, text: str) -> None:
        try:
            text.encode("utf-8")
            _, key = split_s3(text)
        except ValueError:  # UnicodeEncodeError is one
            self._bad(text, "not an s3://bucket/key in UTF-8")
            return
        if not key or key.endswith("/"):
            self._bad(text, "names no object")
            return
        kind, skip = of_key(key)
        self._rows.add(text, kind, skip=skip)

    def _web(self, text: str) -> None:
        try:
            text.encode("utf-8")
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host:
            self._bad(text, "not a URL")
            return
        kind, skip = of_key(parts.path)
        self._rows.add(text, kind, skip=skip)

    def _file(self, text: str) -> None:
        rest = text.removeprefix("file://")
        path = rest.removeprefix("localhost")
        if rest == text or not path.startswith("/"):
            self._bad(text, "not a file:///path")
            return
        self._path(unquote_to_bytes(path.encode("utf-8", "surrogateescape")))
