"""A source listed into numbers, for an estimate: it writes no manifest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from jobs.apis import Choice
from jobs.aws import clients
from jobs.counts import Counts
from jobs.known.count import CountedListing
from jobs.plan.draw import Draw
from jobs.sources import Globs, enumerate_batches
from jobs.uris import is_aws
from jobs.video.ffmpeg import Ffmpeg
from rekscan.console.output import talk
from rekscan.scans.films import count_assumed, count_films
from rekscan.scans.listing import nothing_in, refuse_vain_list
from rekscan.scans.savings import KnownCalls, known_of
from rekscan.scans.terms import Terms
from rekscan.settings import Settings


@dataclass(frozen=True, slots=True)
class Lengths:
    """How the lengths of videos are found: each is looked at, or all are taken to be of an average."""

    looked_at: bool
    average_ms: int


@dataclass(frozen=True, slots=True)
class CountedSource:
    """What is listed, and how. `region`: where it is priced, and of S3. `lengths`: None where no video is priced.
    `sample`: so many random images are drawn on the way."""

    sources: Sequence[str]
    settings: Settings
    region: str
    lengths: Lengths | None = None
    column: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    request_payer: bool = False
    allow_private_urls: bool = False
    again: bool = False
    local: bool = False
    transcode: bool = False
    sample: int | None = None

    def terms(self, choices: tuple[Choice, ...]) -> Terms:
        """On which it would be scanned."""
        return Terms(
            choices,
            self.settings,
            self.region,
            local=self.local,
            again=self.again,
            request_payer=self.request_payer,
            allow_private_urls=self.allow_private_urls,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """A source in numbers. `notes`: what they leave open."""

    source: CountedSource
    counts: Counts
    notes: tuple[str, ...]
    drawn: pa.RecordBatch | None
    _listing: CountedListing = field(repr=False)

    def known(self, choices: tuple[Choice, ...]) -> KnownCalls:
        """What earlier jobs and equal objects save of these APIs. Of one that a request would need more of, nothing is
        known."""
        whole = tuple(choice for choice in choices if choice.whole)
        return known_of(self._listing.read, self.counts, self.source.terms(whole))


@contextmanager
def counted(source: CountedSource) -> Iterator[Counted]:
    """The source in numbers, as long as the block lasts; how far it got stands on stderr.

    Raises RekscanError when it cannot be read, is empty, or is a list that names nothing.
    """
    draw = Draw(source.sample) if source.sample is not None else None
    with CountedListing() as listing:
        counts, notes = _count(source, listing, draw)
        yield Counted(source, counts, notes, draw.batch() if draw else None, listing)


def _count(source: CountedSource, listing: CountedListing, draw: Draw | None) -> tuple[Counts, tuple[str, ...]]:
    """The numbers, and sentences on what they leave open. Fills the listing, draws a sample on the way."""
    settings, lengths = source.settings, source.lengths
    counts = Counts()
    notes: tuple[str, ...] = ()

    def s3() -> Any:
        return clients.s3(replace(settings.aws, region=source.region, requester_pays=source.request_payer))

    def batches() -> Iterator[pa.RecordBatch]:
        globs = Globs(tuple(source.include), tuple(source.exclude))
        for batch in enumerate_batches(source.sources, s3_client_factory=s3, column=source.column, globs=globs):
            listing.add_batch(batch)
            if draw is not None:
                draw.add(batch)
            yield batch

    with talk.status("listing") as status:

        def progress() -> None:
            looked = f", {counts.videos_measured:,} videos measured" if lengths and lengths.looked_at else ""
            status.update(f"listing: {counts.images + counts.videos:,} images and videos{looked}")

        if lengths is None:
            for batch in batches():
                counts.add_batch(batch)
                progress()
        elif lengths.looked_at:
            stage = settings.stage is not None
            transcoder = Ffmpeg.found() if source.transcode else None
            aws = is_aws(settings.s3_url)
            notes = count_films(batches(), counts, s3, progress, aws=aws, stage=stage, transcoder=transcoder)
        else:
            count_assumed(batches(), counts, lengths.average_ms, progress, stage=settings.stage is not None)
    refuse_vain_list(source.sources, counts)
    if not (counts.images or counts.videos or counts.skipped):
        raise nothing_in(source.sources)
    return counts, notes
