"""Where the bytes of an item come from: a local file or an S3 object (a URL: jobs/media/web.py).

Rule: a fetch returns Loaded or a Skip that says why not; it reads no more than it needs to see that a file is no
picture.
"""

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from typing import IO, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from jobs.aws.lean.s3_head import HeadReader
from jobs.aws.object_faults import of_object
from jobs.aws.s3_errors import code_of
from jobs.codes import Code
from jobs.formats.sniff import family
from jobs.items import Item
from jobs.media.check import MAX_SOURCE_BYTES, Skip
from jobs.media.file_faults import of_file
from jobs.media.header import Header, header
from jobs.uris import path_of, split_s3

HEAD_BYTES = 65_536  # of an S3 object: one ranged GET that shows the format and the size of nearly every picture
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
            return read_original(file, state.st_size, None)
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
    return _get(item, client, None) if aws else _by_bytes(_as_listed(item, client, None))


def load_s3_head(item: Item, client: Any, reader: HeadReader, *, aws: bool = True) -> Loaded | Skip:
    """The beginning of an S3 object by one ranged GET, tied to the ETag the manifest knows. `aws`: as for `load_s3`."""
    if item.size == 0:
        return Loaded(Header(None), 0, b"", None)
    bucket, key = split_s3(item.uri)
    reach = HEAD_BYTES
    while True:
        head = reader.read(bucket, key, reach, etag=item.etag, version=item.version)
        if head:
            loaded: Loaded | Skip = _of_head(head.data, head.total, head.etag)
        else:
            loaded = _get(item, client, reach) if aws else _as_listed(item, client, reach)
        loaded = loaded if aws else _by_bytes(loaded)
        if isinstance(loaded, Skip) or loaded.data is not None:
            return loaded
        if loaded.header.format != "jpeg" or loaded.header.width or reach == _LONG_HEAD_BYTES:
            return loaded
        reach = _LONG_HEAD_BYTES


def _as_listed(item: Item, client: Any, reach: int | None) -> Loaded | Skip:
    """The object if it is the listed one: by its ETag, else by size and time."""
    found = _get(item, client, reach)
    if not (isinstance(found, Skip) and found.reason == Code.CHANGED):
        return found
    bucket, key = split_s3(item.uri)
    version = {"VersionId": item.version} if item.version else {}
    try:
        now = client.head_object(Bucket=bucket, Key=key, **version)
    except (ClientError, BotoCoreError, HTTPError, OSError) as error:
        return _refused(error, item)
    listed = item.modified.replace(microsecond=0) if item.modified else None  # HTTP has whole seconds
    if listed is None or (now["ContentLength"], now["LastModified"]) != (item.size, listed):
        return found
    return _get(replace(item, etag=now.get("ETag", "").strip('"') or None), client, reach)


def _by_bytes(loaded: Loaded | Skip) -> Loaded | Skip:
    if isinstance(loaded, Skip):
        return loaded
    known = f"sha256:{hashlib.sha256(loaded.data).hexdigest()}" if loaded.data else None
    return replace(loaded, content=known)


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
        return _refused(error, item)
    return _of_head(data, total, etag)


def _of_head(data: bytes, total: int, etag: str | None) -> Loaded:
    complete = len(data) == total
    return Loaded(header(data, whole=complete), total, data if complete else None, _content(etag, total))


def _content(etag: str | None, total: int) -> str | None:
    return f"etag:{etag}:{total}" if etag else None


def _total(answer: dict[str, Any]) -> int:
    whole = str(answer.get("ContentRange", "")).rpartition("/")[2]
    return int(whole) if whole.isdigit() else int(answer["ContentLength"])


def _refused(error: Exception, item: Item) -> Skip:
    code = code_of(error)
    if code in ("PreconditionFailed", "412"):
        return Skip(Code.CHANGED, "the object is no longer the one that was listed", cause=code)
    if code in ("InvalidRange", "416"):
        return Skip(Code.EMPTY, "the object has no bytes", cause=code)
    if code in ("NoSuchKey", "NoSuchVersion", "404"):
        return Skip(Code.UNREADABLE, "there is no such object any more", cause=code)
    if code == "InvalidObjectState":
        return Skip(Code.ARCHIVED, "its storage class must be restored before it can be read", cause=code)
    return Skip(Code.UNREADABLE, f"S3 does not give it: {_short(error)}", cause=code, fault=of_object(error, item))


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
