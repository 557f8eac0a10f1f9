"""A source listed into numbers, for an estimate: it writes no manifest.

Rule: boto3 comes in only when a source is listed, so that a price without one starts fast.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from jobs.counts import Counts
from jobs.known.count import Listing
from jobs.plan.draw import Draw
from jobs.sources import Globs, enumerate_batches
from jobs.uris import is_aws
from rekscan.console.output import talk
from rekscan.settings import Settings


@dataclass(frozen=True, slots=True)
class Lengths:
    """How the lengths of videos are found: each is looked at, or all are taken to be of an average."""

    looked_at: bool
    average_ms: int


@dataclass(frozen=True, slots=True)
class Source:
    """What is listed. `default_region`: of S3, where the settings name none. `lengths`: None where no video is
    priced."""

    sources: Sequence[str]
    settings: Settings
    default_region: str
    column: str | None
    globs: Globs
    lengths: Lengths | None
    request_payer: bool


def count_source(source: Source, listing: Listing, draw: Draw | None) -> tuple[Counts, tuple[str, ...]]:
    """The numbers, and sentences on what they leave open. Fills the listing, draws a sample on the way; how far it got
    stands on stderr."""
    from jobs.aws import clients  # brings boto3 in, which a price without a source does not need
    from rekscan.scans.films import count_assumed, count_films  # as above
    from rekscan.scans.listing import refuse_vain_list  # as above

    settings, lengths = source.settings, source.lengths
    counts = Counts()
    notes: tuple[str, ...] = ()

    def s3() -> Any:
        region = settings.aws_region(source.default_region)
        return clients.s3(replace(settings.aws, region=region, requester_pays=source.request_payer))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in enumerate_batches(source.sources, s3_client_factory=s3, column=source.column, globs=source.globs):
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
            notes = count_films(batches(), counts, s3, progress, aws=is_aws(settings.s3_url))
        else:
            count_assumed(batches(), counts, lengths.average_ms, progress)
    refuse_vain_list(source.sources, counts)
    return counts, notes
