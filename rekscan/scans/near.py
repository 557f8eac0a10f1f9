"""`--near`: each picture of a listing is decoded and compared, before the plan: one of those that look alike is asked.

    manifest -> marks (decoder children) -> followers, each with its leader -> near/ in the job folder

Rule: nothing is paid for it but reading S3. Constant memory: a few pictures a core, and marks in a file.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from time import monotonic
from typing import Any

import pyarrow.dataset as ds

from jobs.aws import clients
from jobs.counts import Counts
from jobs.files import ParquetFiles
from jobs.item_rows import MANIFEST_SCHEMA, from_batch
from jobs.items import Item
from jobs.known.buckets import ROWS
from jobs.media.marker import Marked, Marker, is_read
from jobs.media.pool import DecoderPool
from jobs.near.groups import Marks
from jobs.uris import is_aws
from jobs.words import duration
from rekscan.scans.terms import Terms

COLUMNS = tuple(MANIFEST_SCHEMA.names)  # that a listing needs for it
_TOLD_EVERY = 0.2  # seconds

Told = Callable[[str], None]


@contextmanager
def near_of(listing: ParquetFiles, counts: Counts, terms: Terms, told: Told | None) -> Iterator[Marks]:
    """The pictures of a listing by what they look like, as long as the block lasts. Counts what S3 is asked for it, and
    how long it takes."""
    assert terms.near is not None
    begun = monotonic()
    with Marks() as marks:
        for item, marked in _marked(listing, terms, _Pace(counts.images - counts.frames, told)):
            if item.uri.startswith("s3://"):
                counts.near_gets += 1
                counts.near_bytes += item.size or 0
            if marked is not None:
                marks.add([marked])
        marks.group(terms.near)
        counts.near_s = round(monotonic() - begun, 3)
        yield marks


class _Pace:
    """Says how far it is, and how long it will take."""

    def __init__(self, of: int, told: Told | None) -> None:
        self._of = of
        self._told = told
        self._begun = self._last = monotonic()
        self._done = 0

    def one(self) -> None:
        self._done += 1
        now = monotonic()
        if self._told is None or now - self._last < _TOLD_EVERY:
            return
        self._last = now
        left = (now - self._begun) / self._done * max(0, self._of - self._done)
        self._told(f"comparing: {self._done:,} of {self._of:,} images, {duration(left)} left")


def _marked(listing: ParquetFiles, terms: Terms, pace: _Pace) -> Iterator[tuple[Item, Marked | None]]:
    """Each picture that is read, in the listing's order, with its mark."""
    aws = replace(terms.settings.aws, region=terms.region, requester_pays=terms.request_payer)
    at_once = os.cpu_count() or 1
    threads = 4 * at_once  # reading takes time, too

    def s3() -> Any:
        return clients.s3(aws, connections=threads)

    readers = ThreadPoolExecutor(threads, "near")
    with DecoderPool(at_once) as pool:
        marker = Marker(pool, s3, aws=is_aws(terms.settings.s3_url))
        under_way: deque[tuple[Item, Future[Marked | None]]] = deque()
        coming = _pictures(listing)
        try:
            while True:
                for item in islice(coming, 2 * threads - len(under_way)):
                    under_way.append((item, readers.submit(marker.mark, item)))
                if not under_way:
                    return
                item, found = under_way.popleft()
                yield item, found.result()
                pace.one()
        finally:
            readers.shutdown(wait=False, cancel_futures=True)


def _pictures(listing: ParquetFiles) -> Iterator[Item]:
    image = (ds.field("kind") == "image") & ds.field("skip").is_null()
    for batch in listing.batches(list(COLUMNS), image, rows=ROWS):
        yield from filter(is_read, from_batch(batch))
