"""What of a plan is known already, and is not paid for again. The same for `estimate`, `scan` and `submit`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from jobs.apis import Choice
from jobs.counts import Counts
from jobs.files import ParquetFiles
from jobs.known.count import Saved, known_calls
from jobs.known.keys import with_files
from jobs.known.segments import Segments
from jobs.known.sync import sync
from jobs.media.check import Skip
from jobs.uris import is_aws
from rekscan.scans.beside import AskingScan, Rival, calls_of, rivals_here
from rekscan.scans.inputs import input_picture
from rekscan.scans.terms import Terms

_READ_LATER = (
    "Files outside AWS's S3 are compared when they are read: those that an earlier job of this home answered, and"
    " duplicates, are counted here but cost nothing then (--again pays for them again)."
)


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """`calls`: left out of the plan, by API. `notes`: what the plan cannot know yet. `rivals`: running jobs of the home
    that may be paid for the same pictures meanwhile."""

    calls: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rivals: tuple[Rival, ...] = ()
    copies: int = 0  # images of which an equal is paid for


def known_of(
    listing: Callable[[], ParquetFiles], counts: Counts, terms: Terms, *, whole: bool = True, beside: bool = True
) -> KnownCalls:
    """What earlier jobs and equal objects save. `listing` gives the rows of the source as `known_calls` takes them.

    `whole`: it has all of the source. `beside`: look for running jobs, too.
    """
    choices, settings = terms.choices, terms.settings
    if terms.again or not any(choice.api.reusable for choice in choices):
        return KnownCalls()
    segments = Segments(settings.home, settings.aws)
    saved = Saved({})
    # Elsewhere than on AWS an ETag may stand for any content.
    told = counts.s3_images if counts.s3_images and is_aws(settings.s3_url) else 0
    if told:
        sync(settings.home, settings.aws)
        saved = known_calls(listing(), segments, _with_files(terms), account=_account(terms), fit=terms.fit)
    found = rivals_here(settings, lambda: _asking(terms, listing, whole=whole)) if beside and counts.images else ()
    notes = [_READ_LATER] if counts.images > told and segments.paths() else []
    notes += [rival.note for rival in found]
    calls = saved.calls if any(saved.calls.values()) else {}
    return KnownCalls(calls, tuple(notes), found, saved.copies)


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
