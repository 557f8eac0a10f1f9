"""Jobs of one home that run at once: both would pay for a picture that both ask about.

Rule: a job whose calls and pictures another running job of its home may have is not put on the table, unless it is told
to go `--beside`. Jobs are put there one after another, so that of two that start in the same instant one is refused.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from redis.exceptions import RedisError

from jobs.apis import Choice
from jobs.errors import RekscanError
from jobs.files import ParquetFiles, home_path
from jobs.folder import JobFolder
from jobs.known.duplicates import manifest
from jobs.known.in_both import Listed, in_both
from jobs.known.keys import call_ids, with_files
from jobs.ledger import Ledger
from jobs.ledger.keys import key
from jobs.uris import is_aws
from jobs.words import count
from rekscan.scans.engine import ledger
from rekscan.settings import Settings

_TURN_SECONDS = 30  # that a process has between its look at the others and the table; it takes milliseconds


@dataclass(frozen=True, slots=True)
class AskingScan:
    """What a job asks: `calls` (as known answers are named) about the pictures of a listing.

    `etags`: they say what an object is. `whole`: the source has no more than what is listed. `free`: nobody is paid, or
    it is meant to be paid again.
    """

    calls: frozenset[int]
    listing: Callable[[], ParquetFiles]
    etags: bool
    whole: bool
    free: bool

    @classmethod
    def of(cls, folder: JobFolder) -> "AskingScan":
        """A job that exists."""
        spec = folder.spec
        calls = calls_of(with_files(spec.apis, folder.read), spec.account, fit=spec.options.fit)
        free = spec.options.local or spec.options.again
        return cls(calls, partial(manifest, folder), is_aws(spec.s3_url), not spec.cut, free)

    def shared(self, other: "AskingScan") -> int | None:
        """How many of these pictures may be in the other's too; None: any number, as far as can be told."""
        if not (self.whole and other.whole):
            return None
        return in_both(Listed(self.listing(), self.etags), Listed(other.listing(), other.etags))


@dataclass(frozen=True, slots=True)
class Rival:
    """A job that runs. `pictures`: how many it may have in common; None: not to be told."""

    job: str
    pictures: int | None

    @property
    def note(self) -> str:
        some = "pictures" if self.pictures is None else f"{count(self.pictures)} of these pictures"
        return f"Job {self.job} of this home runs now, and {some} may be in it too: each may be paid for twice."

    @property
    def refusal(self) -> RekscanError:
        wait = f"Wait for its end (`rekscan watch {self.job}`): what it answers costs nothing then."
        return RekscanError(self.note.removesuffix("."), f"{wait} --beside goes on anyway.")


def calls_of(choices: Iterable[Choice], account: str, *, fit: bool) -> frozenset[int]:
    """The calls of these choices, as known answers are named. `choices`: with the bytes of files they name."""
    return frozenset(call for choice in choices for call in call_ids(account, choice, fit=fit))


def rivals(records: Ledger, settings: Settings, asking: AskingScan, *, but: Iterable[str] = ()) -> Iterator[Rival]:
    """The running jobs of the home, `but` some, that may ask what this one does."""
    if asking.free or not asking.calls:
        return
    for job in sorted(set(_running(records, home_path(settings.home))).difference(but)):
        pictures = _shared(asking, JobFolder(settings.home, job, settings.aws))
        if pictures != 0:
            yield Rival(job, pictures)


def rivals_here(settings: Settings, asking: Callable[[], AskingScan], *, but: Iterable[str] = ()) -> tuple[Rival, ...]:
    """As far as a Redis tells. `asking` is called where there is one."""
    with suppress(RekscanError, RedisError, OSError):
        if records := ledger(settings):
            return tuple(rivals(records, settings, asking(), but=but))
    return ()


@contextmanager
def turn(records: Ledger, settings: Settings, folder: JobFolder) -> Iterator[None]:
    """In which a job is put on the table. Raises RekscanError when a rival is there."""
    asking = AskingScan.of(folder)
    judged: set[str] = {folder.job}
    _refuse(records, settings, asking, judged)  # what takes time is done before the others wait
    lock = records.redis.lock(
        key("turn"), timeout=_TURN_SECONDS, blocking_timeout=2 * _TURN_SECONDS, raise_on_release_error=False
    )
    with lock:
        _refuse(records, settings, asking, judged)
        yield


def _refuse(records: Ledger, settings: Settings, asking: AskingScan, judged: set[str]) -> None:
    running = set(_running(records, home_path(settings.home)))
    for rival in rivals(records, settings, asking, but=judged):
        raise rival.refusal
    judged |= running


def _shared(asking: AskingScan, other: JobFolder) -> int | None:
    try:
        theirs = AskingScan.of(other)
        return asking.shared(theirs) if asking.calls & theirs.calls else 0
    except (RekscanError, OSError):  # a job of a newer version, or whose folder was deleted
        return None


def _running(records: Ledger, home: str) -> list[str]:
    """Its answers are not all in the folder yet: it runs, ends, or has shards that are being given back."""
    found = []
    for job in records.live():
        fields = records.fields(job)
        at_it = fields.get("state") not in ("paused", "blocked") or records.table(job)["held"]
        if fields.get("home") == home and at_it:
            found.append(job)
    return found
