"""Where the bytes of an item come from: a local file or an S3 object (a URL: jobs/media/web.py).

Rule: a fetch returns Loaded or a Skip that says why not; it reads no more than it needs to see that a file is no
picture.
"""

import hashlib
import os
from dataclasses import dataclass
from typing import IO, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from jobs.aws.lean.s3_head import HeadReader
from jobs.aws.s3_errors import code_of, is_systemic
from jobs.codes import Code
from jobs.formats.sniff import family
from jobs.items import Item
from jobs.media.check import MAX_SOURCE_BYTES, Skip
from jobs.media.header import Header, header
from jobs.uris import path_of, split_s3

HEAD_BYTES = 65_536  # of an S3 object: one ranged GET that shows the format and the size of nearly every picture
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
        with open(path_of(item.uri), "rb") as file:  # noqa: PTH123  bytes path
            return read_original(file, os.fstat(file.fileno()).st_size, None)
    except OSError as error:
        return Skip(Code.UNREADABLE, f"cannot read it: {error.strerror}")


def load_s3(item: Item, client: Any) -> Loaded | Skip:
    """All of an S3 object, tied to the ETag the manifest knows."""
    return _get(item, client, None) if item.size != 0 else Loaded(Header(None), 0, b"", None)


def load_s3_head(item: Item, client: Any, reader: HeadReader) -> Loaded | Skip:
    """The beginning of an S3 object by one ranged GET, tied to the ETag the manifest knows."""
    if item.size == 0:
        return Loaded(Header(None), 0, b"", None)
    bucket, key = split_s3(item.uri)
    reach = HEAD_BYTES
    while True:
        head = reader.read(bucket, key, reach, etag=item.etag, version=item.version)
        loaded = _of_head(head.data, head.total, head.etag) if head else _get(item, client, reach)
        if isinstance(loaded, Skip) or loaded.data is not None:
            return loaded
        if loaded.header.format != "jpeg" or loaded.header.width or reach == _LONG_HEAD_BYTES:
            return loaded
        reach = _LONG_HEAD_BYTES


def _get(item: Item, client: Any, reach: int | None) -> Loaded | Skip:
    bucket, key = split_s3(item.uri)
    arguments: dict[str, Any] = {"Bucket": bucket, "Key": key}
    if item.version:
        arguments["VersionId"] = item.version
    if item.etag:
        arguments["IfMatch"] = f'"{item.etag}"'
    if reach is not None:
        arguments["Range"] = f"bytes=0-{reach - 1}"
    try:
        answer = client.get_object(**arguments)
        total = _total(answer)
        etag = answer.get("ETag", "").strip('"') or None
        body = answer["Body"]
        try:
            if reach is None:
                return read_original(body, total, _content(etag, total))
            data = body.read(reach)
        finally:
            body.close()
    except (ClientError, BotoCoreError, HTTPError, OSError) as error:
        return _refused(error)
    return _of_head(data, total, etag)


def _of_head(data: bytes, total: int, etag: str | None) -> Loaded:
    complete = len(data) == total
    return Loaded(header(data, whole=complete), total, data if complete else None, _content(etag, total))


def _content(etag: str | None, total: int) -> str | None:
    return f"etag:{etag}:{total}" if etag else None


def _total(answer: dict[str, Any]) -> int:
    whole = str(answer.get("ContentRange", "")).rpartition("/")[2]
    return int(whole) if whole.isdigit() else int(answer["ContentLength"])


def _refused(error: Exception) -> Skip:
    code = code_of(error)
    if code in ("PreconditionFailed", "412"):
        return Skip(Code.CHANGED, "the object is no longer the one that was listed", cause=code)
    if code in ("InvalidRange", "416"):
        return Skip(Code.EMPTY, "the object has no bytes", cause=code)
    if code in ("NoSuchKey", "NoSuchVersion", "404"):
        return Skip(Code.UNREADABLE, "there is no such object any more", cause=code)
    if code == "InvalidObjectState":
        return Skip(Code.ARCHIVED, "its storage class must be restored before it can be read", cause=code)
    return Skip(Code.UNREADABLE, f"S3 does not give it: {_short(error)}", systemic=is_systemic(error), cause=code)


def read_original(stream: IO[bytes] | Any, size: int | None, content: str | None) -> Loaded:
    """Reads on only when the beginning is a picture that is not too large; hashes when `content` is not known."""
    start = stream.read(HEAD_BYTES)
    head = header(start, whole=False)
    over = size is not None and size > MAX_SOURCE_BYTES
    if over or (start and family(head.format) != "image"):
        return Loaded(head, size if size is not None else len(start), None, content, cut=True)
    data = start + stream.read(MAX_SOURCE_BYTES + 1 - len(start)) if len(start) == HEAD_BYTES else start
    while len(data) <= MAX_SOURCE_BYTES and (more := stream.read(MAX_SOURCE_BYTES + 1 - len(data))):
        data += more
    if len(data) > MAX_SOURCE_BYTES:
        return Loaded(head, len(data), None, content, cut=True)
    return Loaded(
        header(data), max(len(data), size or 0), data, content or f"sha256:{hashlib.sha256(data).hexdigest()}"
    )


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
