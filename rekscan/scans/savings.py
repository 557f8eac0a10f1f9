"""What of a plan is known already, and is not paid for again. The same for `estimate`, `scan` and `submit`."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.files import ParquetFiles, home_path
from jobs.known.count import known_calls
from jobs.known.keys import with_files
from jobs.known.segments import Segments
from jobs.known.sync import sync
from jobs.media.check import Skip
from jobs.uris import is_aws
from rekscan.scans.engine import ledger
from rekscan.scans.inputs import input_picture
from rekscan.scans.terms import Terms
from rekscan.settings import Settings

_READ_LATER = (
    "Files outside AWS's S3 are compared when they are read: those that an earlier job of this home answered, and"
    " duplicates, are counted here but cost nothing then (--again pays for them again)."
)

_SIDE_BY_SIDE = (
    "{} of this home runs now. It and this scan see each other's answers some minutes late: a picture that both ask"
    " about may be paid for twice. Wait for its end if they have pictures in common."
)


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """`calls`: left out of the plan, by API. `notes`: what the plan cannot know yet."""

    calls: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def known_of(listing: Callable[[], ParquetFiles], counts: Counts, terms: Terms) -> KnownCalls:
    """What earlier jobs and equal objects save. `listing` gives the rows of the source as `known_calls` takes them."""
    choices, settings = terms.choices, terms.settings
    if terms.again or not any(choice.api.reusable for choice in choices):
        return KnownCalls()
    segments = Segments(settings.home, settings.aws)
    calls: dict[str, int] = {}
    # Elsewhere than on AWS an ETag may stand for any content.
    told = counts.s3_images if counts.s3_images and is_aws(settings.s3_url) else 0
    if told:
        sync(settings.home, settings.aws)
        asked = with_files(choices, partial(_read, fit=terms.fit))
        calls = known_calls(listing(), segments, asked, account=_account(terms), fit=terms.fit)
    unread = counts.images > told and bool(segments.paths())
    notes = [_READ_LATER] if unread else []
    notes += [_SIDE_BY_SIDE.format(job) for job in _running(settings)]
    return KnownCalls(calls if any(calls.values()) else {}, tuple(notes))


def _running(settings: Settings) -> list[str]:
    """The jobs of this home that are running, as far as a Redis tells."""
    with suppress(RekscanError, RedisError, OSError):
        if records := ledger(settings):
            home = home_path(settings.home)
            of = {job: records.fields(job) for job in records.live()}
            return [job for job, f in of.items() if (f.get("home"), f.get("state")) == (home, "running")]
    return []


def _account(terms: Terms) -> str:
    """As job.json has it, as far as it matters here: not whose account, but which service."""
    if terms.local:
        return "local"
    url = terms.settings.rekognition_url
    return f"endpoint:{urlsplit(url).netloc}" if url else "aws"


def _read(path: str, fit: bool) -> bytes | None:
    found = input_picture(path, fit=fit)
    return None if isinstance(found, Skip) else found
