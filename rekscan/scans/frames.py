"""The frames of films as items: after each film of a listing come the frames that are asked about.

    listing -> films looked at -> their moments -> rows: the film, then a row for each frame

Rule: which frames there are is settled here, before the plan (jobs/video/choosing.py). Constant memory: a batch of the
listing at a time, and of a few films their moments.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa

from jobs.aws import clients
from jobs.codes import Code
from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.item_rows import MANIFEST_SCHEMA, from_batch, to_batch
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.pool import DecoderPool
from jobs.plan.frame_rule import FrameRule, expected, least_side
from jobs.uris import frame_uri, is_aws
from jobs.video.choosing import Chosen, choose, reading, without_frames
from jobs.video.ffmpeg import Ffmpeg
from jobs.video.film import Probed
from jobs.video.frames import NEEDS, FilmFrames, can_decode, new_pool
from jobs.video.probe import Prober
from jobs.video.probing import IN_FLIGHT, probe_all
from jobs.video.reading import Reads
from rekscan.scans.films import Unseen, films_in, left_out, skipping
from rekscan.scans.terms import Terms

_ROWS = 10_000  # of a batch of frames

Told = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Look:
    """How films are looked at, and chosen from."""

    rule: FrameRule
    prober: Prober
    frames: FilmFrames
    pool: DecoderPool
    threads: ThreadPoolExecutor
    at_once: int
    least: int  # pixels on a side that some API takes

    def films(self, batch: pa.RecordBatch) -> Iterator[tuple[Item, Probed, Chosen | Skip]]:
        """The films of a batch in order, each with its frames or why it has none."""
        items = from_batch(films_in(batch))
        found = dict(probe_all(self.prober, items)) if items else {}
        under_way: deque[tuple[Item, Future[Chosen | Skip]]] = deque()
        coming = iter(items)
        while True:
            for item in islice(coming, 2 * self.at_once - len(under_way)):
                under_way.append((item, self.threads.submit(self._chosen, item, found[item.item_id])))
            if not under_way:
                return
            item, chosen = under_way.popleft()
            yield item, found[item.item_id], chosen.result()

    def _chosen(self, item: Item, found: Probed) -> Chosen | Skip:
        return without_frames(found, self.rule, self.least) or choose(item, found, self.rule, self.frames)

    def close(self) -> None:
        self.threads.shutdown(cancel_futures=True, wait=False)
        self.pool.close()


def with_frames(
    batches: Iterable[pa.RecordBatch], terms: Terms, counts: Counts, told: Told
) -> Iterator[pa.RecordBatch]:
    """`batches` with the frames of their films behind each. Counts what no row of them tells. `told`: after each film.

    Raises RekscanError where a film could not be looked at for a reason that passes: nothing is paid then.
    """
    assert terms.frames is not None
    look, number = _look(terms, terms.frames), 0
    try:
        for batch in batches:
            for piece in _pieces(batch, look, counts, says=not terms.videos):
                yield _numbered(piece, number)
                number += piece.num_rows
                told()
    finally:
        look.close()


def refuse_no_decoder(frames: FrameRule | str | None) -> None:
    """Raises RekscanError where films are to be decoded on this machine and cannot be."""
    if frames is not None and not can_decode():
        raise RekscanError("--frames decodes films by OpenCV, which is not installed", f"{NEEDS}, on each worker too.")


def _look(terms: Terms, rule: FrameRule) -> _Look:
    aws = replace(terms.settings.aws, region=terms.region, requester_pays=terms.request_payer)

    def s3() -> Any:
        return clients.s3(aws, connections=IN_FLIGHT)

    if rule.decodes:
        refuse_no_decoder(rule)
    transcoder = Ffmpeg.found() if terms.transcode and terms.videos else None
    keys = rule.way == "keyframes"
    prober = Prober(s3, aws=is_aws(terms.settings.s3_url), transcoder=transcoder, key_frames=keys)
    at_once = os.cpu_count() or 1
    pool = new_pool(at_once)
    threads = ThreadPoolExecutor(at_once, "films")
    return _Look(rule, prober, FilmFrames(pool, s3), pool, threads, at_once, least_side(terms.choices))


def _pieces(batch: pa.RecordBatch, look: _Look, counts: Counts, *, says: bool) -> Iterator[pa.RecordBatch]:
    """The rows of a batch, those of a film's frames behind it. `says`: of a film itself, what became of it; else those
    tell who ask about it."""
    first: int = batch.column("item_id")[0].as_py() if batch.num_rows else 0
    begun = 0
    for film, found, chosen in look.films(batch):
        place = film.item_id - first
        why = _counted(film, found, chosen, look.rule, counts, alone=says)
        if place > begun:
            yield batch.slice(begun, place - begun)
        itself = batch.slice(place, 1)
        yield skipping(itself, {film.item_id: why}) if says else itself
        begun = place + 1
        if not isinstance(chosen, Skip):
            rows = (_frame(film, *one) for one in chosen.moments)
            while some := list(islice(rows, _ROWS)):
                yield to_batch(some)
    if begun < batch.num_rows:
        yield batch.slice(begun)


def _counted(film: Item, found: Probed, chosen: Chosen | Skip, rule: FrameRule, counts: Counts, *, alone: bool) -> str:
    """Why a film itself is left out. `alone`: nobody else counts it."""
    counts.video_gets += found.reads.count * film.uri.startswith("s3://")
    if not isinstance(chosen, Skip):
        _count_framed(film, found, chosen.count, rule, counts)
        return Code.AS_FRAMES
    why = left_out(Probed(found.film, chosen, Reads())) or chosen.reason
    if alone:
        counts.leave_out_ms(why.partition(":")[0], _length(found))
    return why


def count_expected(
    film: Item, found: Probed, rule: FrameRule, least: int, counts: Counts, unseen: Unseen, *, alone: bool
) -> None:
    """Count the frames of a film that nobody has decoded. `least`: pixels on a side that some API takes; `alone`:
    nobody else counts the film itself."""
    skip = without_frames(found, rule, least)
    if skip is None:
        frames = expected(_length(found), rule, found.key_frames)
        counts.add_frames(frames)
        _count_framed(film, found, frames, rule, counts)
    if alone:
        counts.video_gets += found.reads.count * film.uri.startswith("s3://")
        counts.leave_out(
            film, skip.reason.partition(":")[0] if skip else Code.AS_FRAMES, _length(found) if skip else None
        )
        if skip is not None and skip.fault is not None:
            unseen.add(skip)


def count_assumed_frames(film: Item, length_ms: int, rule: FrameRule, counts: Counts) -> None:
    """Count the frames of a film that nobody has looked at."""
    frames = expected(length_ms, rule)
    counts.add_frames(frames)
    counts.add_framed(length_ms, frames, either=True)
    _count_reads(film, film.size or 0, frames, rule, counts)


def _length(found: Probed) -> int:
    return (found.film.length_ms if found.film else None) or 0


def _count_framed(film: Item, found: Probed, frames: int, rule: FrameRule, counts: Counts) -> None:
    """Count what no row tells of a film that so many frames are taken of."""
    assert found.film is not None
    counts.add_framed(_length(found), frames, either=found.skip is None)
    _count_reads(film, found.film.size, frames, rule, counts)


def _count_reads(film: Item, size: int, frames: int, rule: FrameRule, counts: Counts) -> None:
    reads = reading(film, size, frames, rule)
    counts.frame_gets += reads.count
    counts.frame_bytes += reads.bytes


def _frame(film: Item, moment: int, skip: str | None) -> Item:
    uri = frame_uri(film.uri, moment)
    return Item(0, uri, "frame", None, film.etag, film.version, film.modified, skip)


def _numbered(batch: pa.RecordBatch, start: int) -> pa.RecordBatch:
    at = MANIFEST_SCHEMA.get_field_index("item_id")
    ids = pa.array(range(start, start + batch.num_rows), pa.int64())
    return batch.set_column(at, MANIFEST_SCHEMA.field(at), ids)
