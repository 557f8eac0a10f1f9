"""`s3://bucket/prefix` as a source: many parts of the listing at once.

Rule: every key under the prefix becomes exactly one row. Parts are key ranges, not prefixes, so that a bucket with a
"directory" per picture costs no more LIST calls than a flat one: one call with a delimiter finds points to cut at, and
each range is then listed straight through.

Order: by key while the ranges ahead fit the buffer (about 128,000 objects); beyond that, ranges interleave. The
manifest fixes the order of a job.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyarrow as pa

from jobs.sources.s3_pages import ListedPage, Pages

S3ClientFactory = Callable[[], Any]  # -> a boto3 S3 client, safe to share between threads

_THREADS = 8
_RANGES = 64  # at most
_LOOKS = 24  # calls spent on finding where to cut
_BUFFER = 128  # pages held ready
_LET_GO = 2.0  # seconds that requests under way are waited for when nobody wants the rest: they are left behind then


@dataclass(frozen=True, slots=True)
class S3Prefix:
    """Everything under a prefix. The prefix is a string, as in S3: `s3://b/img` also holds `img2/x.jpg`."""

    uri: str
    bucket: str
    prefix: str
    s3_client_factory: S3ClientFactory
    versions: bool = False
    threads: int = _THREADS
    buffer: int = _BUFFER  # pages

    def batches(self) -> Iterator[pa.RecordBatch]:
        """ROW_SCHEMA batches. Raises RekscanError for a missing bucket, denied access, a wrong Region."""
        pages = Pages(self.s3_client_factory(), self.bucket, versions=self.versions)
        first = pages.page(self.prefix)
        yield first.batch
        if first.next is None:
            return
        # Directory buckets list in no order and know no StartAfter. Servers disagree on what a KeyMarker that is no
        # key means, so versions are listed straight through.
        whole = self.versions or self.bucket.endswith("--x-s3") or first.last is None
        cuts = [] if whole else self._cuts(pages, first.last or "")
        if not cuts:
            yield from _straight(pages, self.prefix, first)
            return
        edges: list[str | None] = [first.last, *cuts, None]
        ranges = list(pairwise(edges))
        yield from _Parallel(pages, self.bucket, self.prefix, ranges, self.threads, self.buffer).batches()

    def _cuts(self, pages: Pages, after: str) -> list[str]:
        """Keys after `after`, in order, that cut the rest of the listing into about even ranges."""
        found: list[str] = []
        level = deque([self.prefix])
        for _ in range(_LOOKS):
            if not level or len(found) >= 2 * self.threads:
                break
            node = level.popleft()
            more: dict[str, str] | None = None
            for _ in range(_LOOKS // 3):
                page = pages.page(node, delimiter="/", more=more, after=after if after.startswith(node) else None)
                found += [p for p in page.prefixes if p > after]
                level.extend(page.prefixes)
                more = page.next
                if more is None or not page.prefixes:
                    break
        cuts = sorted(set(found))
        step = -(-len(cuts) // _RANGES) or 1
        return cuts[::step]


def _straight(pages: Pages, prefix: str, page: ListedPage) -> Iterator[pa.RecordBatch]:
    while page.next is not None:
        page = pages.page(prefix, more=page.next)
        yield page.batch


class _Parallel:
    """Lists ranges (low, high] with a few threads, hands their batches out in order as far as the buffer allows."""

    def __init__(
        self,
        pages: Pages,
        bucket: str,
        prefix: str,
        ranges: list[tuple[str | None, str | None]],
        threads: int,
        buffer: int,
    ) -> None:
        self._pages = pages
        self._bucket = bucket
        self._prefix = prefix
        self._ranges = ranges
        self._threads = min(threads, len(ranges))
        self._buffer = buffer
        self._ready: list[deque[pa.RecordBatch]] = [deque() for _ in ranges]
        self._done = [False] * len(ranges)
        self._next = 0  # range that the next free thread takes
        self._head = 0  # first range not yet handed out in full
        self._held = 0  # batches in the buffer
        self._error: BaseException | None = None
        self._stop = False
        self._turn = threading.Condition()

    def batches(self) -> Iterator[pa.RecordBatch]:
        workers = [threading.Thread(target=self._work, name=f"s3-list-{n}", daemon=True) for n in range(self._threads)]
        for worker in workers:
            worker.start()
        try:
            while (batch := self._take()) is not None:
                yield batch
        finally:
            with self._turn:
                self._stop = True
                self._turn.notify_all()
            until = time.monotonic() + _LET_GO
            for worker in workers:
                worker.join(max(0.0, until - time.monotonic()))

    def _take(self) -> pa.RecordBatch | None:
        with self._turn:
            while True:
                if self._error:
                    raise self._error
                while self._head < len(self._ranges) and self._done[self._head] and not self._ready[self._head]:
                    self._head += 1
                if self._head == len(self._ranges):
                    return None
                source = self._ready[self._head]
                if not source and self._held >= self._buffer:
                    source = next(batches for batches in self._ready if batches)
                if source:
                    self._held -= 1
                    self._turn.notify_all()
                    return source.popleft()
                self._turn.wait()

    def _work(self) -> None:
        try:
            while True:
                with self._turn:
                    number = self._next
                    if self._stop or number == len(self._ranges):
                        return
                    self._next += 1
                for batch in self._list(*self._ranges[number]):
                    if not self._put(number, batch):
                        return
                with self._turn:
                    self._done[number] = True
                    self._turn.notify_all()
        except BaseException as error:
            with self._turn:
                self._error = self._error or error
                self._turn.notify_all()

    def _put(self, number: int, batch: pa.RecordBatch) -> bool:
        with self._turn:
            while self._held >= self._buffer and number != self._head and not self._stop:
                self._turn.wait()
            if self._stop:
                return False
            self._ready[number].append(batch)
            self._held += 1
            self._turn.notify_all()
            return True

    def _list(self, low: str | None, high: str | None) -> Iterator[pa.RecordBatch]:
        page = self._pages.page(self._prefix, after=low)
        while True:
            if high is not None and page.last is not None and page.last > high:
                end = f"s3://{self._bucket}/{high}"
                yield page.batch.slice(0, sum(uri <= end for uri in page.batch.column("uri").to_pylist()))
                return
            yield page.batch
            if page.next is None:
                return
            page = self._pages.page(self._prefix, more=page.next)
