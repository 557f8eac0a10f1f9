"""The films of a source, counted by their length while the source is listed.

Rule: constant memory: a film is looked at when it is listed, and only its numbers are kept.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.codes import Code
from jobs.counts import Counts
from jobs.item_rows import from_batch
from jobs.items import Item
from jobs.sources.s3 import S3ClientFactory
from jobs.uris import is_local
from jobs.video import Probed, Prober
from jobs.video.film import MAX_MS, refused_size
from jobs.video.probing import probe_all

Progress = Callable[[], None]


@dataclass(slots=True)
class Unseen:
    """Films nobody could look at, for a reason that may pass."""

    films: int = 0
    why: str = ""  # of the first

    def notes(self) -> tuple[str, ...]:
        if not self.films:
            return ()
        return (f"{self.films:,} videos could not be looked at and are not in the price; the first: {self.why}.",)


def count_films(
    batches: Iterable[pa.RecordBatch], counts: Counts, s3: S3ClientFactory, progress: Progress, *, aws: bool
) -> tuple[str, ...]:
    """Count everything in `batches`, looking at each film; sentences on what was left open.

    `s3`: a client with as many connections as films are in flight. `aws`: S3 is AWS's own.
    """
    under_way: dict[int, Item] = {}
    unseen = Unseen()

    def films() -> Iterator[Item]:
        for item in _count_the_rest(batches, counts, progress):
            under_way[item.item_id] = item
            yield item

    for number, found in probe_all(Prober(s3, aws=aws), films()):
        _count(under_way.pop(number), found, counts, unseen)
        progress()
    return unseen.notes()


def count_assumed(batches: Iterable[pa.RecordBatch], counts: Counts, average_ms: int, progress: Progress) -> None:
    """Count everything in `batches`, taking each film to be so long."""
    for item in _count_the_rest(batches, counts, progress):
        if not (is_local(item.uri) or item.uri.startswith("s3://")):
            counts.leave_out(item, Code.NOT_IN_S3, None)
        elif item.size is not None and (skip := refused_size(item.size)):
            counts.leave_out(item, skip.reason, None)
        else:
            counts.add(item)
            counts.assume_videos(1, average_ms)
            counts.videos_here += is_local(item.uri)


def _count_the_rest(batches: Iterable[pa.RecordBatch], counts: Counts, progress: Progress) -> Iterator[Item]:
    """Count what is no film; the films come out."""
    for batch in batches:
        film = pc.and_(pc.equal(batch.column("kind"), "video"), pc.is_null(batch.column("skip")))
        counts.add_batch(batch.filter(pc.invert(film)))
        progress()
        yield from from_batch(batch.filter(film))


def _count(item: Item, found: Probed, counts: Counts, unseen: Unseen) -> None:
    if item.uri.startswith("s3://"):
        counts.video_gets += found.reads.count
    length = found.film.length_ms if found.film else None
    if found.skip:
        counts.leave_out(item, str(found.skip.reason), length)
        if found.skip.fault is not None:
            unseen.films += 1
            unseen.why = unseen.why or found.skip.message
        return
    counts.add(item, video_ms=MAX_MS if length is None else length)
    counts.videos_at_cap += length is None
    counts.videos_here += is_local(item.uri)
