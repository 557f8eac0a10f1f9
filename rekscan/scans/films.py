"""The films of a source: counted by their length while the source is listed, and written down where a scan is to ask
about them.

Rule: constant memory: a film is looked at when it is listed, and an estimate keeps only its numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.aws import clients
from jobs.aws.faults import Kind
from jobs.codes import Code
from jobs.counts import Counts
from jobs.errors import RekscanError, UsageError
from jobs.folder.films import FilmItem, FilmsWriter, pinned
from jobs.item_rows import MANIFEST_SCHEMA, from_batch
from jobs.items import Item
from jobs.media.check import Skip
from jobs.money import staging
from jobs.sources import is_list
from jobs.uris import is_aws, is_local, root_of, storable
from jobs.video.ffmpeg import Ffmpeg
from jobs.video.film import MAX_MS, Film, Probed, refused_size
from jobs.video.probe import Prober
from jobs.video.probing import IN_FLIGHT, probe_all
from jobs.words import many
from rekscan.scans.known_films import is_below
from rekscan.scans.terms import Terms

Progress = Callable[[], None]


@dataclass(slots=True)
class Unseen:
    """Films nobody could look at, for a reason that may pass."""

    films: int = 0
    why: str = ""  # of the first

    def add(self, skip: Skip) -> None:
        self.films += 1
        self.why = self.why or skip.message

    def notes(self) -> tuple[str, ...]:
        if not self.films:
            return ()
        return (f"{many(self.films, 'video')} could not be looked at, and so not in the price; the first: {self.why}.",)


Counting = Callable[[Item, Probed], None]


def count_films(
    batches: Iterable[pa.RecordBatch], counts: Counts, prober: Prober, progress: Progress, counting: Counting
) -> None:
    """Count everything in `batches`, looking at each film. `prober`: its S3 client has as many connections as films are
    in flight. `counting`: counts a film by what was seen of it."""
    under_way: dict[int, Item] = {}

    def films() -> Iterator[Item]:
        for item in _count_the_rest(batches, counts, progress):
            under_way[item.item_id] = item
            yield item

    for number, found in probe_all(prober, films()):
        counting(under_way.pop(number), found)
        progress()


def count_assumed(
    batches: Iterable[pa.RecordBatch], counts: Counts, progress: Progress, counting: Callable[[Item], None]
) -> None:
    """Count everything in `batches`, each film that nobody looks at by `counting`."""
    for item in _count_the_rest(batches, counts, progress):
        if not (is_local(item.uri) or item.uri.startswith("s3://")):
            counts.leave_out(item, Code.NOT_IN_S3, None)
        elif item.size is not None and (skip := refused_size(item.size)):
            counts.leave_out(item, skip.reason, None)
        else:
            counting(item)


def count_assumed_film(item: Item, average_ms: int, counts: Counts, *, stage: bool = False) -> None:
    """Count a film that APIs for video are asked about, taken to be so long. `stage`: as of `count_film`."""
    counts.add(item)
    counts.assume_videos(1, average_ms)
    _count_here(item, counts, stage=stage)


def _count_the_rest(batches: Iterable[pa.RecordBatch], counts: Counts, progress: Progress) -> Iterator[Item]:
    """Count what is no film; the films come out."""
    for batch in batches:
        film = _is_film(batch)
        counts.add_batch(batch.filter(pc.invert(film)))
        progress()
        yield from from_batch(batch.filter(film))


def _count_here(item: Item, counts: Counts, *, stage: bool) -> None:
    """Of a film that is sent: whether it is of this machine, and what that takes."""
    if is_local(item.uri) and stage:
        size = item.size or 0
        counts.add_staged(size, staging.requests(size))
    elif is_local(item.uri):
        counts.videos_here += 1


def count_film(item: Item, found: Probed, counts: Counts, unseen: Unseen, *, stage: bool = False) -> None:
    """Count a film that APIs for video are asked about. `stage`: films of this machine are uploaded."""
    if item.uri.startswith("s3://"):
        counts.video_gets += found.reads.count
    length = found.film.length_ms if found.film else None
    if found.skip:
        counts.leave_out(item, str(found.skip.reason), length)
        if found.skip.fault is not None:
            unseen.add(found.skip)
        return
    counts.add(item, video_ms=MAX_MS if length is None else length)
    counts.videos_at_cap += length is None
    _count_here(item, counts, stage=stage)
    if found.film is not None and found.film.transcoded:
        counts.add_transcoded(length or 0)


Look = Callable[[pa.RecordBatch], pa.RecordBatch]


def leave_out_films(counts: Counts) -> Look:
    """For a scan that asks nothing about films: they are in the tables with that reason."""

    def look(batch: pa.RecordBatch) -> pa.RecordBatch:
        counts.add_batch(batch)
        return skipping(batch, dict.fromkeys(films_in(batch).column("item_id").to_pylist(), "video"))

    return look


def look_at_films(writer: FilmsWriter, out: FilmsWriter, counts: Counts, terms: Terms, here: str | None) -> Look:
    """Look at each film: those that can be sent go to `writer`; the others are left out with the verdict, and those
    whose header says what they are go to `out`.

    `here`: the folder of local films that the bundled emulator looks at.

    Raises RekscanError where a film could not be looked at for a reason that passes: nothing is paid then.
    """
    aws = replace(terms.settings.aws, region=terms.region, requester_pays=terms.request_payer)
    prober = Prober(
        lambda: clients.s3(aws, connections=IN_FLIGHT),
        aws=is_aws(terms.settings.s3_url),
        transcoder=Ffmpeg.found() if terms.transcode else None,
    )

    def look(batch: pa.RecordBatch) -> pa.RecordBatch:
        films = {item.item_id: item for item in from_batch(films_in(batch))}
        found = dict(probe_all(prober, films.values())) if films else {}
        unseen = Unseen()
        skips: dict[int, str] = {}
        for item_id, item in films.items():
            one = found[item_id]
            if is_local(item.uri) and not (terms.stage or is_below(item.uri, here)):
                counts.leave_out(item, Code.NOT_IN_S3, one.film.length_ms if one.film else None)
                skips[item_id] = Code.NOT_IN_S3
            else:
                count_film(item, one, counts, unseen, stage=terms.stage is not None)
                if skip := left_out(one):
                    skips[item_id] = skip
            if one.film is not None and item_id in skips:
                out.add(film_item(item, one.film, f"size:{one.film.size}"))
            elif one.film is not None:
                writer.add(film_item(item, one.film, content_of(item, one.film)))
        counts.add_batch(batch.filter(pc.invert(_is_film(batch))))
        return skipping(batch, skips)

    return look


def refuse_local_films(sources: Sequence[str], terms: Terms) -> None:
    """Rekognition reads films from S3 only: said before anything is listed."""
    here = [source for source in sources if not source.startswith(("s3://", "arn:", "http"))]
    refused = terms.videos and not (terms.local or terms.stage)
    if refused and here and not any(is_list(source) for source in here):
        raise UsageError(
            f"{here[0]}: Rekognition reads films from S3 only, not from this machine",
            f"With --stage s3://bucket/prefix they are uploaded into a bucket in {terms.region}, and deleted once they"
            " are answered. With --local the bundled emulator looks at them where they are, for nothing.",
        )
    if terms.videos and terms.local and (root := root_of(here)) and storable(root) != root:
        raise UsageError(f"{root}: the bundled emulator finds no films by a name that is not UTF-8", "Rename it.")


def refuse_to_transcode(terms: Terms) -> None:
    """Raises where it could not be done: said before anything is listed."""
    if terms.transcode and terms.videos:
        if not (terms.stage or terms.local):
            raise UsageError(
                "--transcode makes films that are in no place Rekognition reads",
                "Add --stage s3://bucket/prefix, or --local to have them looked at by the bundled emulator.",
            )
        Ffmpeg.found()


def left_out(found: Probed) -> str | None:
    """Why a film is not sent."""
    if found.skip is None:
        return None
    fault = found.skip.fault
    if fault is not None and fault.kind is not Kind.DENIED and fault.kind is not Kind.ITEM:
        what = f"a film could not be looked at: {fault.message}"
        raise RekscanError(what, fault.do or "See whether S3 is well, then scan again. Nothing was paid.")
    detail = f": {found.skip.message}" if found.skip.reason == Code.UNREADABLE else ""
    return f"{found.skip.reason}{detail}"


def content_of(item: Item, film: Film) -> str:
    """What is pinned of a film that is asked about. Raises OSError."""
    if is_local(item.uri):
        return pinned(item.uri)
    etag = item.etag or (film.content.split(":")[1] if film.content else None)
    return f"version:{item.version}" if item.version else f"etag:{etag}" if etag else f"size:{film.size}"


def film_item(item: Item, film: Film, content: str) -> FilmItem:
    names = ("container", "codec", "width", "height", "rotation", "fps", "audio", "transcoded")
    told: dict[str, Any] = {name: getattr(film, name) for name in names}
    priced = MAX_MS if film.length_ms is None else film.length_ms
    return FilmItem(item.item_id, item.uri, film.size, content, film.length_ms, priced, **told)


def _is_film(batch: pa.RecordBatch) -> pa.Array:
    return pc.and_(pc.equal(batch.column("kind"), "video"), pc.is_null(batch.column("skip")))


def films_in(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Its films that nothing speaks against."""
    return batch.filter(_is_film(batch))


def skipping(batch: pa.RecordBatch, skips: dict[int, str]) -> pa.RecordBatch:
    """The batch with these items left out, for these reasons."""
    if not skips:
        return batch
    found = [skips.get(item_id) for item_id in batch.column("item_id").to_pylist()]
    skip = pc.coalesce(batch.column("skip"), pa.array(found, pa.string()))
    return batch.set_column(MANIFEST_SCHEMA.get_field_index("skip"), MANIFEST_SCHEMA.field("skip"), skip)
