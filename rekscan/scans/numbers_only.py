"""A source listed into numbers, for an estimate: it writes no manifest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from jobs.apis import Asked, Choice, VideoChoice
from jobs.aws import clients
from jobs.counts import Counts
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.items import Item
from jobs.known.count import COUNTED, CountedListing, Followers
from jobs.known.films import KeptFilms
from jobs.plan.frame_rule import FrameRule, left_open
from jobs.plan.near_rule import Near
from jobs.sample.draw import draw, images_of, numbered, one_batch
from jobs.sample.strata import FolderCount
from jobs.sources import Globs, enumerate_batches
from jobs.uris import is_aws, root_of
from jobs.video.ffmpeg import Ffmpeg
from jobs.video.film import Probed
from jobs.video.probe import Prober
from rekscan.console.output import talk
from rekscan.scans.films import (
    Unseen,
    content_of,
    count_assumed,
    count_assumed_film,
    count_film,
    count_films,
    film_item,
)
from rekscan.scans.following import Following
from rekscan.scans.frames import count_assumed_frames, count_expected
from rekscan.scans.known_films import known_films_of
from rekscan.scans.listing import refuse_vain_list
from rekscan.scans.near import COLUMNS, Told, near_of
from rekscan.scans.nothing import nothing_in
from rekscan.scans.pairs import Pairs, draw_pairs
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
    """What is listed, and how. `region`: where it is priced, and of S3. `lengths`: None where neither videos nor
    frames of them are priced. `films`: APIs for video are asked. `sample`: draws so many random images, and with `near`
    half as many pairs."""

    sources: Sequence[str]
    settings: Settings
    region: str
    lengths: Lengths | None = None
    films: bool = False
    frames: FrameRule | None = None
    least: int = 0  # pixels on a side of a frame that some API takes
    column: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    request_payer: bool = False
    allow_private_urls: bool = False
    again: bool = False
    local: bool = False
    transcode: bool = False
    sample: int | None = None
    near: Near | None = None

    def terms(
        self, choices: tuple[Choice, ...], first: tuple[Choice, ...] = (), videos: tuple[VideoChoice, ...] = ()
    ) -> Terms:
        """On which it would be scanned."""
        return Terms(
            choices,
            self.settings,
            self.region,
            videos,
            first=first,
            transcode=self.transcode,
            local=self.local,
            again=self.again,
            request_payer=self.request_payer,
            allow_private_urls=self.allow_private_urls,
            near=self.near,
        )

    @property
    def film_root(self) -> str | None:
        """The folder of local films that the bundled emulator would look at."""
        return root_of(self.sources) if self.local else None


@dataclass(frozen=True, slots=True)
class Counted:
    """A source in numbers. `notes`: what they leave open."""

    source: CountedSource
    counts: Counts
    notes: tuple[str, ...]
    drawn: pa.RecordBatch | None
    pairs: Pairs | None
    _listing: CountedListing = field(repr=False)
    _films: KeptFilms = field(repr=False)
    _follow: Followers = field(default=None, repr=False)

    @property
    def following(self) -> Following | None:
        """Of --near: who takes the answers of others."""
        return None if self._follow is None else Following(self._listing.read, self._follow)

    def known(self, asked: Asked) -> KnownCalls:
        """What earlier jobs and equal objects save of these APIs. Of one that a request would need more of, nothing is
        known."""
        images = tuple(choice for choice in asked.images if choice.whole)
        videos = tuple(choice for choice in asked.videos if choice.whole)
        terms = self.source.terms(images, videos=videos)
        known = known_of(self._listing.read, self.counts, terms, follow=self._follow)
        return known.and_of(known_films_of(self._films.read, terms, self.source.film_root))


@contextmanager
def counted(source: CountedSource) -> Iterator[Counted]:
    """The source in numbers, as long as the block lasts; how far it got stands on stderr.

    Raises RekscanError when it cannot be read, is empty, or is a list that names nothing.
    """
    folders = FolderCount() if source.sample is not None else None
    all_of_them = source.near is not None or folders is not None
    with CountedListing(COLUMNS if all_of_them else COUNTED) as listing, KeptFilms() as films:
        counts, notes = _count(source, listing, films, folders)
        follow = pairs = None
        if source.near is not None:
            with talk.status("comparing") as status:
                follow, pairs = _compared(source, listing, counts, status.update)
        yield Counted(source, counts, notes, _drawn(source, listing, folders), pairs, listing, films, follow)


def _drawn(source: CountedSource, listing: CountedListing, folders: FolderCount | None) -> pa.RecordBatch | None:
    """A sample's images in the source's order, numbered from 0."""
    if folders is None or source.sample is None:
        return None
    rows = draw(listing.rows, folders, source.sample).rows(listing.rows)
    return numbered(one_batch(pa.Table.from_batches(rows, MANIFEST_SCHEMA)), 0)


def _compared(
    source: CountedSource, listing: CountedListing, counts: Counts, told: Told
) -> tuple[Followers, Pairs | None]:
    """Of each item, whether it takes the answers of another; and pairs, where a sample is drawn."""
    with near_of(listing.read(), counts, source.terms(()), told) as marks:
        pairs = draw_pairs(listing.read(), marks, -(-source.sample // 2)) if source.sample else None
        return marks.follow(), pairs


def _count(
    source: CountedSource, listing: CountedListing, films: KeptFilms, folders: FolderCount | None
) -> tuple[Counts, tuple[str, ...]]:
    """The numbers, and sentences on what they leave open. Fills the listing, `films` and, for a sample, `folders`."""
    settings, lengths = source.settings, source.lengths
    counts = Counts()
    unseen = Unseen()

    def s3() -> Any:
        return clients.s3(replace(settings.aws, region=source.region, requester_pays=source.request_payer))

    def batches() -> Iterator[pa.RecordBatch]:
        globs = Globs(tuple(source.include), tuple(source.exclude))
        for batch in enumerate_batches(source.sources, s3_client_factory=s3, column=source.column, globs=globs):
            listing.add_batch(batch)
            if folders is not None:
                folders.add(images_of(batch).column("uri").to_pylist())
            yield batch

    with talk.status("listing") as status:

        def progress() -> None:
            measured = counts.videos_measured or counts.framed
            looked = f", {measured:,} videos measured" if lengths and lengths.looked_at else ""
            status.update(f"listing: {counts.images + counts.videos:,} images and videos{looked}")

        if lengths is None:
            for batch in batches():
                counts.add_batch(batch)
                progress()
        elif lengths.looked_at:
            keys = source.frames is not None and source.frames.way == "keyframes"
            transcoder = Ffmpeg.found() if source.transcode else None
            prober = Prober(s3, aws=is_aws(settings.s3_url), transcoder=transcoder, key_frames=keys)
            count_films(batches(), counts, prober, progress, partial(_count_seen, source, counts, films, unseen))
        else:
            count_assumed(batches(), counts, progress, partial(_count_unseen, source, counts, lengths.average_ms))
    refuse_vain_list(source.sources, counts)
    if not (counts.images or counts.videos or counts.skipped):
        raise nothing_in(source.sources)
    return counts, (*unseen.notes(), *(left_open(source.frames) if source.frames else ()))


def _count_seen(
    source: CountedSource, counts: Counts, films: KeptFilms, unseen: Unseen, film: Item, found: Probed
) -> None:
    if source.films:
        count_film(film, found, counts, unseen, stage=source.settings.stage is not None)
        with suppress(OSError):  # gone meanwhile
            if found.film is not None and found.skip is None:
                films.add(film_item(film, found.film, content_of(film, found.film)))
    if source.frames:
        count_expected(film, found, source.frames, source.least, counts, unseen, alone=not source.films)


def _count_unseen(source: CountedSource, counts: Counts, average_ms: int, film: Item) -> None:
    if source.films:
        count_assumed_film(film, average_ms, counts, stage=source.settings.stage is not None)
    if source.frames:
        count_assumed_frames(film, average_ms, source.frames, counts)
