"""Listing a source into a manifest, all of it or as far as a cap can pay for.

Rule: a listing is cut only where a part of the manifest ends, which is where a shard ends too: so it can go on later
with parts and shards of its own, and nothing written is touched.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.apis import Choice
from jobs.aws import clients
from jobs.costs.cap import cap_schedule, nanousd
from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.folder import PART_ROWS
from jobs.folder.manifest import ManifestWriter
from jobs.known.segments import Segments
from jobs.known.sync import sync
from jobs.money.prices import PriceTable, Units
from jobs.sources import EVERYTHING, Globs, enumerate_batches, is_list
from jobs.uris import is_arn, own
from rekscan.settings import Settings

Progress = Callable[[Counts], None]
Look = Callable[[pa.RecordBatch], pa.RecordBatch]  # a batch of the manifest, as it is written


def list_source(
    sources: Sequence[str],
    settings: Settings,
    region: str,
    *,
    column: str | None = None,
    versions: bool = False,
    globs: Globs = EVERYTHING,
    request_payer: bool = False,
    s3_url: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """The items of `sources` as manifest batches. `versions`: with VersionIds; `globs`: which of them are wanted;
    `request_payer`: we pay S3 for the listing; `s3_url`: instead of the settings'."""

    def s3() -> Any:
        url = s3_url or settings.s3_url
        return clients.s3(replace(settings.aws, region=region, s3_url=url, requester_pays=request_payer))

    return enumerate_batches(sources, s3_client_factory=s3, column=column, versions=versions, globs=globs)


def refuse_vain_list(sources: Sequence[str], counts: Counts) -> None:
    """Raises RekscanError when the sources are lists, and no line of them names a picture or video."""
    if counts.images or counts.videos or counts.left_out_ms or not all(map(is_list, sources)):
        return
    why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.skipped.items())) or "it is empty"
    raise RekscanError(
        f"no line of {', '.join(sources)} names a picture: {why}",
        "Write one path, s3:// or http(s) URL a line, or choose the column with --column.",
    )


def part_rows(shard_size: int) -> int:
    """Items in a part of the manifest: whole shards."""
    return max(1, PART_ROWS // shard_size) * shard_size


def list_into(
    writer: ManifestWriter,
    batches: Iterable[pa.RecordBatch],
    counts: Counts,
    *,
    rows: int,
    look: Look,
    limit: int | None = None,
    progress: Progress | None = None,
) -> bool:
    """Write `batches` into the manifest and count them; True when it was cut, with more to come. `look`: counts what it
    is given, and says which films are left out.

    It is cut at the end of a part (of `rows` items) once `limit` images are counted; None: never.
    """
    for batch in batches:
        while batch.num_rows:
            room = rows - writer.count % rows
            if limit is not None and counts.images >= limit and writer.count and room == rows:
                return True
            piece = batch if limit is None else batch.slice(0, room)
            writer.add_batch(look(piece))
            batch = batch.slice(piece.num_rows)
        if progress is not None:
            progress(counts)
    return False


def reach(
    choices: Sequence[Choice],
    region: str,
    prices: PriceTable,
    cap: Decimal,
    used: Mapping[str, Units] | None = None,
) -> int | None:
    """How many images a cap can pay for at the very most; None: any number, or a price is unknown (approval refuses
    such a cap). What is asked under a condition may be asked of none."""
    always = [choice for choice in choices if not choice.when]
    if not always:
        return None
    try:
        return cap_schedule(always, region, prices, used).reach(nanousd(cap))
    except RekscanError:
        return None


def known_at_most(choices: Sequence[Choice], settings: Settings) -> int:
    """How many images the home may have answers of: they cost nothing, so a cap reaches that much further."""
    if not any(choice.api.reusable for choice in choices):
        return 0
    sync(settings.home, settings.aws)
    return sum(segment.rows for segment in Segments(settings.home, settings.aws).all())


def absolute(source: str) -> str:
    """A source as it can be listed again from another directory."""
    return source if "://" in source or is_arn(source) else str(Path(own(source)).absolute())
