"""What of a plan is known already, and is not paid for again. The same for `estimate`, `scan` and `submit`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.dataset as ds

from jobs.apis import Choice
from jobs.known.count import known_calls
from jobs.known.keys import with_files
from jobs.known.segments import Segments
from jobs.known.sync import sync
from jobs.plan_counts import Counts
from rekscan.settings import Settings

_READ_LATER = (
    "Files outside S3 are compared when they are read: those that an earlier job of this home answered, and duplicates,"
    " are counted here but cost nothing then (--again pays for them again)."
)


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """`calls`: left out of the plan, by API. `notes`: what the plan cannot know yet."""

    calls: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def known_of(
    listing: Callable[[], ds.FileSystemDataset],
    counts: Counts,
    choices: Sequence[Choice],
    settings: Settings,
    *,
    local: bool = False,
    fit: bool = True,
    again: bool = False,
) -> KnownCalls:
    """What earlier jobs and equal objects save. `listing` gives the rows of the source as `known_calls` takes them."""
    if again or not any(choice.api.reusable for choice in choices):
        return KnownCalls()
    segments = Segments(settings.home, s3_url=settings.s3_url)
    calls: dict[str, int] = {}
    if counts.s3_images:
        sync(settings.home, s3_url=settings.s3_url)
        asked = with_files(choices, _read)
        calls = known_calls(listing(), segments, asked, account=_account(settings, local=local), fit=fit)
    unread = counts.images > counts.s3_images and bool(segments.paths())
    return KnownCalls(calls if any(calls.values()) else {}, (_READ_LATER,) if unread else ())


def _account(settings: Settings, *, local: bool) -> str:
    """As job.json has it, as far as it matters here: not whose account, but which service."""
    if local:
        return "local"
    return f"endpoint:{urlsplit(settings.rekognition_url).netloc}" if settings.rekognition_url else "aws"


def _read(path: str) -> bytes | None:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError:
        return None  # said when the job is made
