"""What of a plan is known already, and is not paid for again. The same for `estimate`, `scan` and `submit`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlsplit

import pyarrow as pa

from jobs.apis import Choice
from jobs.counts import Counts, FilmCalls
from jobs.files import ParquetFiles
from jobs.film_speed import Speed
from jobs.item_rows import from_batch
from jobs.items import Item
from jobs.known.count import Followers, Saved, known_calls, known_contents
from jobs.known.keys import listed_content, with_files
from jobs.known.segments import Segments
from jobs.known.sync import sync
from jobs.media.check import Skip
from jobs.media.origins import load_local
from jobs.plan.near_calls import NearCalls
from jobs.uris import is_aws, is_local
from rekscan.scans.beside import AskingScan, Rival, calls_of, rivals_here
from rekscan.scans.inputs import input_picture
from rekscan.scans.known_films import KnownFilms
from rekscan.scans.terms import Terms


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """`calls`: left out of the plan, by API. `rivals`: running jobs of the home that may be paid for the
    same pictures meanwhile, `notes` on them."""

    calls: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rivals: tuple[Rival, ...] = ()
    copies: int = 0  # images of which an equal is paid for
    unread: int = 0  # images that are compared only when they are read
    near: NearCalls | None = None  # images that take the answers of others
    films: Mapping[str, FilmCalls] = field(default_factory=dict)  # as `calls`, of films
    speeds: Mapping[str, Speed] = field(default_factory=dict)  # by API for films, as jobs of the home have shown

    def and_of(self, films: KnownFilms) -> "KnownCalls":
        """With what is known of films."""
        return replace(self, films=films.calls, speeds=films.speeds, notes=(*self.notes, *films.notes))


def known_of(
    listing: Callable[[], ParquetFiles],
    counts: Counts,
    terms: Terms,
    *,
    whole: bool = True,
    beside: bool = True,
    follow: Followers = None,
) -> KnownCalls:
    """What earlier jobs and equal objects save. `listing` gives the rows of the source as `known_calls` takes them.

    `whole`: it has all of the source. `beside`: look for running jobs, too. `follow`: of each item of the listing,
    whether it takes the answers of another.
    """
    choices, settings = terms.choices, terms.settings
    near = _near(follow, terms)
    if terms.again or not any(choice.api.reusable for choice in choices):
        return KnownCalls(near=near)
    segments = Segments(settings.home, settings.aws)
    saved = Saved({})
    # Elsewhere than on AWS an ETag may stand for any content.
    told = counts.s3_images if counts.s3_images and is_aws(settings.s3_url) else 0
    if told:
        sync(settings.home, settings.aws)
        saved = _saved(listing(), segments, terms, follow)
    found = rivals_here(settings, lambda: _asking(terms, listing, whole=whole)) if beside and counts.images else ()
    notes = tuple(rival.note for rival in found)
    calls = saved.calls if any(saved.calls.values()) else {}
    return KnownCalls(calls, notes, found, saved.copies, counts.images - told, near)


def known_of_drawn(images: pa.RecordBatch, terms: Terms) -> KnownCalls:
    """What earlier jobs save of these few images, each of which is read where a listing does not tell its content."""
    settings = terms.settings
    if terms.again or not any(choice.api.reusable for choice in terms.choices):
        return KnownCalls()
    sync(settings.home, settings.aws)
    segments = Segments(settings.home, settings.aws)
    if not any(segment.rows for segment in segments.all()):
        return KnownCalls()
    on_aws = is_aws(settings.s3_url)
    contents = [told for item in from_batch(images) if (told := _content(item, etags=on_aws)) is not None]
    saved = known_contents([contents], segments, _with_files(terms), account=_account(terms), fit=terms.fit)
    return KnownCalls(saved.calls, copies=saved.copies, unread=images.num_rows - len(contents))


def _content(item: Item, *, etags: bool) -> str | None:
    """As a worker names it; None of what is neither local nor, by `etags`, told by its listing."""
    if is_local(item.uri):
        read = load_local(item)
        return None if isinstance(read, Skip) else read.content
    return listed_content(item) if etags else None


def _near(follow: Followers, terms: Terms) -> NearCalls | None:
    if follow is None or terms.near is None:
        return None
    images = int(follow.sum())
    return NearCalls(images, terms.near.bits, {choice.api.name: images for choice in terms.choices if choice.inherits})


def _saved(listing: ParquetFiles, segments: Segments, terms: Terms, follow: Followers) -> Saved:
    """Without those that take the answers of others, where an API lets them."""
    found = Saved({})
    for inherits in (False, True):
        choices = [choice for choice in _with_files(terms) if choice.inherits is inherits]
        if choices:
            without = follow if inherits else None
            one = known_calls(listing, segments, choices, account=_account(terms), fit=terms.fit, without=without)
            found = Saved(found.calls | one.calls, one.copies)
    return found


def _asking(terms: Terms, listing: Callable[[], ParquetFiles], *, whole: bool) -> AskingScan:
    calls = calls_of(_with_files(terms), _account(terms), fit=terms.fit)
    return AskingScan(calls, listing, is_aws(terms.settings.s3_url), whole, free=terms.local)


def _with_files(terms: Terms) -> tuple[Choice, ...]:
    return with_files(terms.choices, partial(_read, fit=terms.fit))


def _account(terms: Terms) -> str:
    """As job.json has it, as far as it matters here: not whose account, but which service."""
    if terms.local:
        return "local"
    url = terms.settings.rekognition_url
    return f"endpoint:{urlsplit(url).netloc}" if url else "aws"


def _read(path: str, fit: bool) -> bytes | None:
    found = input_picture(path, fit=fit)
    return None if isinstance(found, Skip) else found
