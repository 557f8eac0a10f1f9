"""Where the bytes of an item come from: a local file or an S3 object (a URL: jobs/media/web.py).

Rule: a fetch returns Loaded or a Skip that says why not; it reads no more than it needs to see that a file is no
picture.
"""

import hashlib
import os
import stat
import threading
from dataclasses import dataclass, replace
from typing import IO, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from jobs.aws.lean.s3_spans import SpanReader
from jobs.codes import Code
from jobs.formats.sniff import family
from jobs.items import Item
from jobs.media.check import MAX_SOURCE_BYTES, Skip
from jobs.media.file_faults import of_file
from jobs.media.header import Header, header
from jobs.media.spans import as_listed, etag_of, load_span, refused, request_of, total_of
from jobs.uris import path_of

HEAD_BYTES = 65_536  # of an S3 object: one ranged GET that shows the format and the size of nearly every picture
_UNKNOWN_SIZE = 8 << 20  # bytes kept free for an original whose size nobody told (a URL, a line of a list)
_UNFORESEEN = threading.Semaphore(2)  # originals that turn out larger, read at once: nobody has counted their bytes
# A pipe that took the place of a file would wait for its writer, for ever.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_LONG_HEAD_BYTES = 1 << 20  # for a JPEG whose profiles and previews push its frame header beyond the first


@dataclass(frozen=True, slots=True)
class Loaded:
    """An original. `data` is None when only its head was read. `content`: what it is, for the pay-once ledger."""

    header: Header
    size: int
    data: bytes | None
    content: str | None  # "sha256:<hex>" of the bytes, or "etag:<etag>:<size>" for S3
    cut: bool = False  # reading stopped early: no picture, or too large to mend

    @property
    def weight(self) -> int:
        return len(self.data) if self.data is not None else 0


class Stream(Protocol):
    def read(self, amt: int, /) -> bytes: ...


def load_local(item: Item) -> Loaded | Skip:
    """The whole file, or only its head when that is no picture or it is too large to mend."""
    try:
        with os.fdopen(os.open(path_of(item.uri), _OPEN), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                return Skip(Code.UNREADABLE, "it is no longer a file")
            return read_original(file, state.st_size, None, reserved=state.st_size)
    except OSError as error:
        fault = of_file(error, item.uri)
        return Skip(Code.UNREADABLE, f"cannot read it: {error.strerror}", fault=fault)


def load_s3(item: Item, client: Any, *, aws: bool = True) -> Loaded | Skip:
    """All of an S3 object, tied to the ETag the manifest knows. `aws`: it is AWS's own, where an ETag tells a content.

    Elsewhere one ETag may stand for all objects, and a listing may have another than the object: contents are told
    apart by their bytes, and an object is the listed one by its size and time.
    """
    if item.size == 0:
        return Loaded(Header(None), 0, b"", None)
    return _get(item, client) if aws else _by_bytes(as_listed(item, client, lambda one: _get(one, client)))


def load_s3_head(item: Item, client: Any, reader: SpanReader, *, aws: bool = True) -> Loaded | Skip:
    """The beginning of an S3 object by one ranged GET, tied to the ETag the manifest knows. `aws`: as for `load_s3`."""
    if item.size == 0:
        return Loaded(Header(None), 0, b"", None)
    reach = HEAD_BYTES
    while True:
        head = load_span(item, client, reader, 0, reach, aws=aws)
        loaded = head if isinstance(head, Skip) else _of_head(head.data, head.total, head.etag)
        loaded = loaded if aws else _by_bytes(loaded)
        if isinstance(loaded, Skip) or loaded.data is not None:
            return loaded
        if loaded.header.format != "jpeg" or loaded.header.width or reach == _LONG_HEAD_BYTES:
            return loaded
        reach = _LONG_HEAD_BYTES


def _by_bytes(loaded: Loaded | Skip) -> Loaded | Skip:
    if isinstance(loaded, Skip):
        return loaded
    return replace(loaded, content=named_by_bytes(loaded.data) if loaded.data else None)


def named_by_bytes(data: bytes) -> str:
    """What a content is called that nobody else has a name of."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _get(item: Item, client: Any) -> Loaded | Skip:
    try:
        answer = client.get_object(**request_of(item))
        total = total_of(answer)
        body = answer["Body"]
        try:
            return read_original(body, total, _content(etag_of(answer), total), reserved=foreseen(item))
        finally:
            body.close()
    except (ClientError, BotoCoreError, HTTPError, OSError) as error:
        return refused(error, item)


def _of_head(data: bytes, total: int, etag: str | None) -> Loaded:
    complete = len(data) == total
    return Loaded(header(data, whole=complete), total, data if complete else None, _content(etag, total))


def _content(etag: str | None, total: int) -> str | None:
    return f"etag:{etag}:{total}" if etag else None


def foreseen(item: Item) -> int:
    """Bytes that are kept free for an item before it is read."""
    return item.size if item.size is not None else _UNKNOWN_SIZE


def read_original(stream: IO[bytes] | Any, size: int | None, content: str | None, *, reserved: int) -> Loaded:
    """Reads on only when the beginning is a picture that is not too large; hashes when `content` is not known.

    `reserved`: bytes that were kept free for it; what has more waits for its turn.
    """
    start = stream.read(HEAD_BYTES)
    head = header(start, whole=False)
    over = size is not None and size > MAX_SOURCE_BYTES
    if over or (start and family(head.format) != "image"):
        return Loaded(head, size if size is not None else len(start), None, content, cut=True)
    data = _read_on(stream, start, min(max(reserved, HEAD_BYTES), MAX_SOURCE_BYTES))
    if more := stream.read(1):
        with _UNFORESEEN:
            data = _read_on(stream, data + more, MAX_SOURCE_BYTES + 1)
    if len(data) > MAX_SOURCE_BYTES:
        return Loaded(head, len(data), None, content, cut=True)
    return Loaded(header(data), max(len(data), size or 0), data, content or named_by_bytes(data))


def _read_on(stream: IO[bytes] | Any, data: bytes, most: int) -> bytes:
    while len(data) < most and (more := stream.read(most - len(data))):
        data += more
    return data
