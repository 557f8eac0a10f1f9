"""A picture ready to be sent, and the three ways it can be.

Rule: whoever gets a Prepared releases it when its call is over.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

from jobs.items import Item
from jobs.media.fitted import Fitted
from jobs.media.header import Header
from jobs.media.origins import Loaded
from jobs.uris import split_s3


@dataclass(slots=True)
class Prepared:
    """A picture ready to be sent. Use it as a context manager, or call `release` once, when the call is over."""

    image: dict[str, Any]  # {"Bytes": ...} or {"S3Object": {"Bucket", "Name", "Version"?}}
    sent: Literal["s3", "bytes", "fitted"]
    fit: str | None  # what was done to it
    format: str | None  # of the original, sniffed
    width: int | None  # pixels of the upright picture as sent
    height: int | None
    content: str | None  # of the original: "sha256:<hex>" or "etag:<etag>:<size>"
    size: int  # bytes sent; of an S3 object, its size
    _held: ExitStack = field(default_factory=ExitStack, repr=False)

    def release(self) -> None:
        """The bytes are no longer needed by this call. Further calls of release do nothing."""
        self._held.close()

    def __enter__(self) -> "Prepared":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def as_object(item: Item, head: Header, size: int, content: str | None) -> Prepared:
    """An S3 object, as it is."""
    bucket, key = split_s3(item.uri)
    place = {"Bucket": bucket, "Name": key, **({"Version": item.version} if item.version else {})}
    width, height = head.upright or (None, None)
    return Prepared({"S3Object": place}, "s3", None, head.format, width, height, content, size)


def as_bytes(original: Loaded, held: ExitStack) -> Prepared:
    """The original bytes."""
    assert original.data is not None
    head, data = original.header, original.data
    width, height = head.upright or (None, None)
    return Prepared({"Bytes": data}, "bytes", None, head.format, width, height, original.content, len(data), held)


def as_fitted(original: Loaded, mended: Fitted, held: ExitStack) -> Prepared:
    """Bytes that were mended."""
    name, size = original.header.format, len(mended.data)
    image = {"Bytes": mended.data}
    return Prepared(image, "fitted", mended.fit, name, mended.width, mended.height, original.content, size, held)
