"""Models that run for jobs, as Redis remembers them: which job started what, and which jobs want what to run.

    rekscan:{models}          hash: ARN -> who started it, to stop it (`Running`)
    rekscan:{models}:wants    hash: job -> the ARNs it asks, joined by spaces
    rekscan:{models}:turn     the lock under which one is started or stopped

Rule: a model is stopped by whoever finds that no job works with it any more, and only one that a job has started. The
folder of that job has the truth (jobs/folder/models.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Thread

from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from jobs import documents
from jobs.errors import RekscanError
from jobs.ledger.keys import key
from jobs.ledger.ledger import LAST_STEP, Ledger

_MODELS, _WANTS, _TURN = key("models"), key("models", "wants"), key("models", "turn")
_TURN_SECONDS = 10.0  # that a turn lasts without a sign of life: its holder gives one four times as often


@dataclass(frozen=True, slots=True)
class Running:
    """A model that a job started. `number`: of the start in the job's folder; `before_nanousd`: what the job paid for
    models that ran earlier; `hour_nanousd`: what an hour costs, None where no price is known; `before_ms`: milliseconds
    that those ran times their units, by month, on `meter`."""

    model: str
    job: str
    home: str
    s3_url: str | None
    region: str
    rekognition_url: str | None
    number: int
    at: datetime
    before_nanousd: int = 0
    hour_nanousd: int | None = None
    units: int = 0
    meter: str = ""
    before_ms: Mapping[str, int] = field(default_factory=dict)

    def cost(self, now: datetime, more_seconds: float) -> int:
        """Nanodollars it and those before it come to, if it runs for so much longer."""
        seconds = max(0.0, (now - self.at).total_seconds()) + more_seconds
        return self.before_nanousd + round((self.hour_nanousd or 0) * seconds / 3600)


class TurnLost(RekscanError):
    """The holder of a turn slept so long that somebody else has it."""

    def __init__(self) -> None:
        super().__init__("another process starts or stops models now", "Try again.")


@dataclass(frozen=True, slots=True)
class Turn:
    _lock: Lock

    def still(self) -> None:
        """To be called right before something is sent: raises TurnLost where it is another's turn. Renews it."""
        try:
            self._lock.extend(_TURN_SECONDS, replace_ttl=True)
        except LockError:
            raise TurnLost from None


class Models:
    """All models of a Redis."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @contextmanager
    def turn(self) -> Iterator["Turn"]:
        """In this block nobody else starts or stops one. Of a holder that died others have it after ten seconds."""
        lock = self._ledger.redis.lock(_TURN, timeout=_TURN_SECONDS, thread_local=False)
        lock.acquire()
        turn, over = Turn(lock), Event()

        def go_on_saying_so() -> None:
            while not over.wait(_TURN_SECONDS / 4):
                with suppress(RedisError, OSError, TurnLost):
                    turn.still()

        thread = Thread(target=go_on_saying_so, name="turn", daemon=True)
        thread.start()
        try:
            yield turn
        finally:
            over.set()
            thread.join()
            with suppress(LockError):  # somebody else has it
                lock.release()

    def want(self, job: str, models: Iterable[str]) -> None:
        """These are asked by a job that is about to be put on the table."""
        self._ledger.redis.hset(_WANTS, job, " ".join(models))

    def put(self, running: Running) -> None:
        self._ledger.redis.hset(_MODELS, running.model, documents.dump(running))

    def forget(self, model: str) -> None:
        self._ledger.redis.hdel(_MODELS, model)

    def running(self) -> list[Running]:
        found = self._ledger.redis.hgetall(_MODELS)
        return [documents.load(Running, data, "a model in Redis") for data in found.values()]

    def users(self, model: str) -> list[str]:
        """The jobs that work with a model. Those that are over are forgotten."""
        found = []
        for name, wanted in self._ledger.redis.hgetall(_WANTS).items():
            job = name.decode()
            if not self._works(job):
                if not self._ledger.is_live(job):
                    self._ledger.redis.hdel(_WANTS, job)
            elif model in wanted.decode().split():
                found.append(job)
        return found

    def _works(self, job: str) -> bool:
        ledger = self._ledger
        if ledger.is_starting(job):
            return True
        if not ledger.is_live(job):
            return False
        left = ledger.on_table(job) if ledger.state(job) == "running" else ledger.held(job)
        return bool(left - {LAST_STEP})
