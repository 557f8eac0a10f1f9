"""A list file as a source: one URI a line, or a column of a CSV, JSON Lines or Parquet file.

Rule: every line becomes exactly one row; a line that names nothing is a row with `skip="bad-uri: ..."`. Read as a
stream, from disk, stdin or S3. Relative paths are relative to the folder of the list.
"""

import codecs
import csv
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, Any, BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.s3_errors import explain
from jobs.codes import Code
from jobs.errors import RekscanError, UsageError
from jobs.formats.names import extension, of_key
from jobs.sources.directory import local_row
from jobs.sources.list_lines import Lines, Texts, head, peekable
from jobs.sources.rows import BATCH_ROWS, Rows
from jobs.sources.s3 import S3ClientFactory
from jobs.uris import split_s3

EXTENSIONS = frozenset(("txt", "csv", "tsv", "jsonl", "ndjson", "manifest", "parquet"))
COLUMNS = ("uri", "url", "path", "key", "source-ref", "s3_uri", "file")  # looked for in this order
_PLACES = frozenset(("uri", "url", "path", "source-ref", "s3_uri"))  # columns that say more than `bucket` and `key`
_DELIMITERS = (",", ";", "\t", "|")
_LISTED = re.compile(
    rb"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+(?:\.\d+)? (?:(?:Bytes|[KMGTPE]iB) )?\S| {10,}PRE \S)"
)  # a line of `aws s3 ls`
# Endings of pages, which may answer with a picture; so may whatever is asked with a query.
_PAGES = frozenset(["php", "html", "htm", "xhtml", "pl", "py", "rb", "class", "dll", "exe", "com", "app"])


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
        ending = self.uri.rpartition(".")[2].lower() if self.uri != "-" else "txt"
        if ending == "parquet":
            with as_path(self.uri, self.s3_client_factory) as path:
                yield from _of_parquet(path, self.uri, self.column)
            return
        with open_bytes(self.uri, self.s3_client_factory) as raw:
            file = peekable(raw)
            if ending in ("jsonl", "ndjson", "manifest") or is_manifest(head(file)):
                yield from _of_json_lines(file, self.column)
            elif ending in ("csv", "tsv"):
                yield from _of_csv(file, self.uri, self.column, "\t" if ending == "tsv" else ",")
            else:
                yield from _of_text(file, self.uri)


def is_manifest(start: bytes) -> bool:
    """Whether a file that begins so is a manifest of Ground Truth or Bulk Analysis: JSON Lines with `source-ref`."""
    return start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{") and b'"source-ref"' in start


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


def _of_text(file: io.BufferedReader, uri: str) -> Iterator[str | None]:
    if _LISTED.match(head(file)):
        raise UsageError(
            f"{uri} is what `aws s3 ls` prints: dates and sizes, no URIs",
            "Scan the prefix itself (s3://bucket/prefix), or write one s3://bucket/key a line.",
        )
    for line in _each(Lines(file)):
        if line is None:
            yield None
        elif text := line.rstrip(b"\r\n"):
            yield text.decode("utf-8", "surrogateescape")


def _each(lines: Iterator[Any]) -> Iterator[Any]:
    """Lines or records, None for one that cannot be read."""
    while True:
        try:
            yield next(lines)
        except StopIteration:
            return
        except csv.Error:  # a line, or a field, beyond sense
            yield None


def _of_csv(file: io.BufferedReader, uri: str, wanted: str | None, delimiter: str) -> Iterator[str | None]:
    start = head(file).removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0].decode("utf-8", "replace").strip(" \r")
    lines = Texts(file)
    if start.lower().startswith("sep=") and len(start) == 5:  # Excel's own line
        next(lines)
        delimiter = start[4]
    else:
        delimiter = _delimiter(start, wanted, delimiter)
    records = _each(csv.reader(lines, delimiter=delimiter))
    header = next(records, None)
    if header is None:
        return
    at = _where(header, wanted)
    if at is None:
        if wanted is not None or len(header) != 1:
            raise _no_column(uri, header, wanted)
        at = (0,)
        if "/" in header[0] or "." in header[0]:  # a bare list of URIs without a header
            yield header[0]
    for record in records:
        if record is None or record:
            yield _uri_of([record[n] if record and n < len(record) else None for n in at])


def _delimiter(header: str, wanted: str | None, usual: str) -> str:
    """What parts the header's names so that one of them is known; `usual` where that tells nothing."""
    for delimiter in (usual, *_DELIMITERS):
        if _where(next(csv.reader([header], delimiter=delimiter), []), wanted):
            return delimiter
    return usual


def _where(names: list[str], wanted: str | None) -> tuple[int, ...] | None:
    """Which of these columns have the URI: one, or those of bucket and key. None: none has."""
    lower = [name.strip().lower() for name in names]
    if wanted is None and {"bucket", "key"} <= set(lower) and not _PLACES & set(lower):
        return lower.index("bucket"), lower.index("key")
    column = _column_of(names, wanted)
    return None if column is None else (names.index(column),)


def _uri_of(values: Sequence[Any]) -> str | None:
    """The URI that the values of its columns make."""
    decoded = [value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value for value in values]
    texts = [text for text in decoded if isinstance(text, str) and text]
    if len(texts) < len(values):
        return None
    return texts[0] if len(texts) == 1 else f"s3://{texts[0]}/{texts[1]}"


def _of_json_lines(file: io.BufferedReader, wanted: str | None) -> Iterator[str | None]:
    for line in _each(Lines(file)):
        if line is not None and not line.strip():
            continue
        try:
            record = orjson.loads(line) if line is not None else None
        except orjson.JSONDecodeError:
            record = None
        if isinstance(record, dict):
            at = _where(list(record), wanted) or ()
            values = list(record.values())
            record = _uri_of([values[n] for n in at]) if at else None
        yield record if isinstance(record, str) else None


def _of_parquet(path: str, uri: str, wanted: str | None) -> Iterator[str | None]:
    try:
        parquet = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise RekscanError(f"{uri} is not a Parquet file: {error}", "Check the file.") from error
    names = parquet.schema_arrow.names
    at = _where(names, wanted)
    if at is None:
        raise _no_column(uri, names, wanted)
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=[names[n] for n in at]):
        columns = [batch.column(names[n]) for n in at]
        plain = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in columns]
        yield from map(_uri_of, zip(*(column.to_pylist() for column in plain), strict=True))


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
        if skip == Code.NOT_MEDIA and (parts.query or extension(parts.path) in _PAGES):
            kind, skip = "image", None  # looked into before anything is sent
        self._rows.add(text, kind, skip=skip)

    def _file(self, text: str) -> None:
        rest = text.removeprefix("file://")
        path = rest.removeprefix("localhost")
        if rest == text or not path.startswith("/"):
            self._bad(text, "not a file:///path")
            return
        self._path(unquote_to_bytes(path.encode("utf-8", "surrogateescape")))
