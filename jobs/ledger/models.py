"""Models that run for jobs, as Redis remembers them: which job started what, and which jobs want what to run.

    rekscan:{models}          hash: ARN -> who started it, to stop it (`Running`)
    rekscan:{models}:wants    hash: job -> the ARNs it asks, joined by spaces
    rekscan:{models}:turn     the lock under which one is started or stopped

Rule: a model is stopped by whoever finds that no job works with it any more, and only one that a job has started. The
folder of that job has the truth (jobs/folder/models.py).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import LockError

from jobs import documents
from jobs.ledger.keys import key
from jobs.ledger.ledger import LAST_STEP, Ledger

_MODELS, _WANTS, _TURN = key("models"), key("models", "wants"), key("models", "turn")
_TURN_SECONDS = 120  # longer than a start with its retries


@dataclass(frozen=True, slots=True)
class Running:
    """A model that a job started. `number`: of the start in the job's folder; `before_nanousd`: what the job paid for
    models that ran earlier; `hour_nanousd`: what an hour costs, None where no price is known."""

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

    def cost(self, now: datetime, more_seconds: float) -> int:
        """Nanodollars it and those before it come to, if it runs for so much longer."""
        seconds = max(0.0, (now - self.at).total_seconds()) + more_seconds
        return self.before_nanousd + round((self.hour_nanousd or 0) * seconds / 3600)


class Models:
    """All models of a Redis."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @contextmanager
    def turn(self) -> Iterator[None]:
        """In this block nobody else starts or stops one."""
        lock = self._ledger.redis.lock(_TURN, timeout=_TURN_SECONDS)
        lock.acquire()
        try:
            yield
        finally:
            with suppress(LockError):  # it took longer
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
