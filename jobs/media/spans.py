"""A span of an S3 object, and what S3's refusal of it says of the item.

Rule: it is a span of the object that was listed, by its ETag and version, or a Skip.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from jobs.aws.lean.s3_spans import Span, SpanReader
from jobs.aws.object_faults import of_object
from jobs.aws.s3_errors import code_of
from jobs.codes import Code
from jobs.files.ranges import get_object
from jobs.items import Item
from jobs.media.check import Skip
from jobs.uris import split_s3

Got = TypeVar("Got")


def load_span(item: Item, client: Any, reader: SpanReader, first: int, count: int, *, aws: bool = True) -> Span | Skip:
    """`count` bytes from byte `first`, fewer at the object's end. `aws`: it is AWS's own, see `as_listed`."""
    bucket, key = split_s3(item.uri)
    found = reader.read(bucket, key, count, first=first, etag=item.etag, version=item.version)
    if found is not None:
        return found

    def get(one: Item) -> Span | Skip:
        return _by_boto3(one, client, first, count)

    return get(item) if aws else as_listed(item, client, get)


def as_listed(item: Item, client: Any, get: Callable[[Item], Got | Skip]) -> Got | Skip:
    """What `get` gives of the object if it is the listed one: by its ETag, else by size and time.

    For servers other than AWS's, where a listing may have another ETag than the object.
    """
    found = get(item)
    if not (isinstance(found, Skip) and found.reason == Code.CHANGED):
        return found
    bucket, key = split_s3(item.uri)
    version = {"VersionId": item.version} if item.version else {}
    try:
        now = client.head_object(Bucket=bucket, Key=key, **version)
    except (ClientError, BotoCoreError, HTTPError, OSError) as error:
        return refused(error, item)
    listed = item.modified.replace(microsecond=0) if item.modified else None  # HTTP has whole seconds
    if listed is None or (now["ContentLength"], now["LastModified"]) != (item.size, listed):
        return found
    return get(replace(item, etag=now.get("ETag", "").strip('"') or None))


def request_of(item: Item) -> dict[str, str]:
    """What asks S3 for the listed object and no other."""
    bucket, key = split_s3(item.uri)
    version = {"VersionId": item.version} if item.version else {}
    etag = {"IfMatch": f'"{item.etag}"'} if item.etag else {}
    return {"Bucket": bucket, "Key": key, **version, **etag}


def total_of(answer: dict[str, Any]) -> int:
    """Bytes of the whole object."""
    whole = str(answer.get("ContentRange", "")).rpartition("/")[2]
    return int(whole) if whole.isdigit() else int(answer["ContentLength"])


def etag_of(answer: dict[str, Any]) -> str | None:
    return str(answer.get("ETag", "")).strip('"') or None


def refused(error: Exception, item: Item) -> Skip:
    """A verdict on the object where S3 gives one, else a Skip with the fault."""
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


def _by_boto3(item: Item, client: Any, first: int, count: int) -> Span | Skip:
    span = f"bytes={first}-{first + count - 1}"
    try:
        answer, data = get_object(client, {**request_of(item), "Range": span}, count)
    except (ClientError, BotoCoreError, HTTPError, OSError) as error:
        return refused(error, item)
    if first and not answer.get("ContentRange"):
        return Skip(Code.UNREADABLE, "its server gives no part of an object alone")
    return Span(data, total_of(answer), etag_of(answer))


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
