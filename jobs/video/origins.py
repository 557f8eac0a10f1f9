"""Where a film's bytes come from: ranged reads of a local file or of an S3 object.

Rule: all reads are of one file: an S3 object by the ETag and version that were listed, or by those of the first answer.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from jobs.aws.lean.s3_spans import Span, SpanReader
from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.file_faults import of_file
from jobs.media.spans import load_span
from jobs.uris import path_of
from jobs.video.film import refused_size
from jobs.video.reading import FIRST, FilmReader, Reads

# A pipe that took the place of a file would wait for its writer, for ever.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class S3:
    """What reads objects: a boto3 client, and the short way over it. For all threads."""

    client: Any
    spans: SpanReader

    @classmethod
    def of(cls, client: Any) -> "S3":
        return cls(client, SpanReader(client))


class Refused(Exception):
    """The file cannot be read, or need not be."""

    def __init__(self, skip: Skip, reads: Reads | None = None) -> None:
        super().__init__(skip.message)
        self.skip = skip
        self.reads = reads or Reads()


@contextmanager
def local_file(item: Item) -> Iterator[FilmReader]:
    """A local file. Raises Refused, also while it is read."""
    try:
        handle = os.open(path_of(item.uri), _OPEN)
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise Refused(Skip(Code.UNREADABLE, "it is no longer a file"))
            _check(state.st_size)
            yield FilmReader(lambda first, count: os.pread(handle, count, first), state.st_size)
        finally:
            os.close(handle)
    except OSError as error:
        fault = of_file(error, item.uri)
        raise Refused(Skip(Code.UNREADABLE, f"cannot read it: {error.strerror}", fault=fault)) from error


def s3_object(item: Item, client: Any, spans: SpanReader, *, aws: bool) -> tuple[FilmReader, str | None]:
    """An S3 object, its beginning read, and its content's name. Raises Refused, also while it is read.

    `aws`: it is AWS's own, where an ETag tells a content.
    """
    if item.size is not None:
        _check(item.size)
    head = _of(load_span(item, client, spans, 0, FIRST, aws=aws))
    reads = Reads(1, len(head.data))
    _check(head.total, reads)
    pinned = replace(item, etag=head.etag or item.etag)

    def fetch(first: int, count: int) -> bytes:
        span = _of(load_span(pinned, client, spans, first, count))
        if span.total != head.total:
            raise Refused(Skip(Code.CHANGED, "it was replaced while it was read"))
        return span.data

    content = f"etag:{head.etag}:{head.total}" if head.etag and aws else None
    return FilmReader(fetch, head.total, head.data, reads), content


def _of(found: Span | Skip) -> Span:
    if isinstance(found, Skip):
        raise Refused(found, Reads(1, 0))
    return found


def _check(size: int, reads: Reads | None = None) -> None:
    if skip := refused_size(size):
        raise Refused(skip, reads)
