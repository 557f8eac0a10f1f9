"""Starts of jobs on stored video, in the journal of a shard of films.

Rule: a start is its token's, whoever sends it and however often; so nobody's death makes one uncertain.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis import Redis

from jobs.attempts import Attempts, Mark, Tried
from jobs.ledger.keys import key
from jobs.ledger.ledger import FIRST_OF_FILMS, Lease, purse_of, script

KEPT = timedelta(days=7)  # that AWS knows a token, and keeps an answer
_NO_JOB = "-"
_HOLDER = 12  # characters of a token by which its start is known among the attempts at a call


@dataclass(frozen=True, slots=True)
class Start:
    """One start: `month` as `2026-11`, `ms` what it is or may be billed for, `began` in ms since 1970."""

    mark: Mark
    month: str
    ms: int
    epoch: int
    token: str
    began: int
    job_id: str | None = None  # AWS's

    @classmethod
    def parse(cls, text: str) -> "Start":
        mark, month, ms, epoch, token, began, job_id = text.split(" ")
        known = None if job_id == _NO_JOB else job_id
        return cls(mark, month, int(ms), int(epoch), token, int(began), known)  # type: ignore[arg-type]

    @property
    def text(self) -> str:
        """As `parse` reads it, before anything was known of its end."""
        told = ("?", self.month, self.ms, self.epoch, self.token, self.began, self.job_id or _NO_JOB)
        return " ".join(map(str, told))

    @property
    def attempts(self) -> Attempts:
        """As the attempt at its call that it is: the same one for whoever tells of it."""
        return attempt(self.token, self.mark, self.month)


def attempt(token: str, mark: Mark, month: str) -> Attempts:
    """A start by its token."""
    return Attempts.of(f"v{token[:_HOLDER]}", Tried(mark, month))


@dataclass(frozen=True, slots=True)
class Asking:
    """What is to be started. `ms`: what is reserved. `since`: when it was begun, as its job's folder has it, whose
    counters have its milliseconds, too."""

    call: str
    api: str
    ms: int
    epoch: int
    token: str
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a `start`, as its mark and milliseconds say; None: there is no job, or never was. `answer`: the
    call's rows, `counters` what they raise."""

    call: str
    api: str
    start: Start | None = None
    answer: bytes = b""
    counters: Mapping[str, int] | None = None


class Starts:
    """The scripts, bound to one Redis."""

    def __init__(self, redis: "Redis[bytes]", clock: str | None = None) -> None:
        """`clock`: as of a Ledger."""
        self._redis = redis
        names = ("films_adopt", "films_begin", "films_settle")
        self._scripts = {name: redis.register_script(script(name, clock)) for name in names}

    def adopt(self, lease: Lease, shard: int | None = None) -> tuple[dict[str, Start], dict[str, bytes]]:
        """What earlier holders left: starts and answers by call. `shard`: as of `Ledger.adopt`."""
        job, number = lease.job, lease.shard if shard is None else shard
        keys = [key(job, "holders"), key(job, "intents", number), key(job, "answers", number)]
        began, answered = self._scripts["films_adopt"](keys, [number, lease.fence, lease.shard])
        starts = {f.decode(): Start.parse(v.decode()) for f, v in zip(began[::2], began[1::2], strict=True)}
        return starts, {f.decode(): v for f, v in zip(answered[::2], answered[1::2], strict=True)}

    def under_way(self, job: str, shards: Iterable[int]) -> dict[str, Start]:
        """Call -> what AWS works on, or has ended and nobody has read, of those of these shards that are of films."""
        found = {}
        for shard in (number for number in shards if number >= FIRST_OF_FILMS):
            for name, text in self._redis.hgetall(key(job, "intents", shard)).items():
                start = Start.parse(text.decode())
                if start.mark == "?":
                    found[name.decode()] = start
        return found

    def begin(self, lease: Lease, asking: Asking) -> Start | str:
        """The start, written, or why not: `wait`, `lost`, `answered`, the job's state."""
        job = lease.job
        journal = (key(job, "intents", lease.shard), key(job, "answers", lease.shard))
        keys = [key(job), key(job, "holders"), *journal, key(job, "prices"), key(job, "todo"), *purse_of(lease)]
        counted, since = int(asking.since is not None), "" if asking.since is None else asking.since
        told = [asking.call, asking.api, asking.ms, asking.epoch, asking.token, counted, since]
        word, *written = self._scripts["films_begin"](keys, [lease.shard, lease.fence, *told])
        return Start.parse(written[0].decode()) if word == b"go" else str(word.decode())

    def settle(self, lease: Lease, came: Came) -> bool:
        """Record it. False where the shard is done: its holder keeps it."""
        job, number = lease.job, lease.shard
        journal = (key(job, name, number) for name in ("intents", "answers", "live"))
        tables = (key(job, "films:todo"), key(job, "films:leases"))
        keys = [key(job), *tables, *journal, key(job, "prices"), key(job, "journals"), *purse_of(lease)]
        raised = " ".join(f"{name}={by}" for name, by in (came.counters or {}).items())
        known: list[Any] = ["", 0, _NO_JOB]
        if start := came.start:
            known = [start.mark, start.ms, start.job_id or _NO_JOB]
        told = [came.call, came.api, *known, came.answer, raised, start.text if start else ""]
        return bool(self._scripts["films_settle"](keys, [number, *told]))
