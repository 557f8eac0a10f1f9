"""What one worker process holds: Redis, the journal, the gate, picture decoders, and the jobs under way.

A background thread keeps the leases alive, says that the worker lives and takes its turn as reconciler; another stops
models that no job works with any more.
"""

import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import BotoCoreError
from redis.exceptions import RedisError

from jobs.aws.faults import Kind, understand
from jobs.documents import NewerFormat
from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.folder.retries import Retry
from jobs.later import Later
from jobs.ledger import LAST_STEP, Lease, Ledger, NotLeased
from jobs.ledger.server import explain
from jobs.media.file_faults import of_machine, passes
from workers import bell, memory
from workers.calls.loop import EventLoop
from workers.config import WorkerConfig, connect
from workers.gate.gate import Gate
from workers.journal.journal import Journal
from workers.local_models import LocalModels
from workers.models import ModelKeeper
from workers.reconcile import Reconciler, beat, feed, leave, shares
from workers.shards.job_work import JobWork, ProcessPictures, open_work
from workers.shards.shard import Shard
from workers.videos.desk import Desk

if TYPE_CHECKING:
    from workers.shards import last_step
else:  # tables and reports: a quarter of what a worker imports, for the one that ends a job
    last_step = Later("workers.shards.last_step")

log = logging.getLogger(__name__)

_STUMBLES = 5  # errors of our own in one shard, until its job is stopped
_BREATHER = 3.0  # seconds that a shard is held on to when there is no memory for it
_MEMORY = "Give the workers more memory, or less to hold (REKSCAN_IN_FLIGHT_MB, REKSCAN_CALLS), then resume the job."
_ROUNDS = 5  # of the background thread in the time of a lease


@dataclass(slots=True, eq=False)
class _Held:
    lease: Lease
    stop: threading.Event = field(default_factory=threading.Event)
    shard: Shard | None = None


class Runtime:
    def __init__(self, config: WorkerConfig) -> None:
        self.config = config
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.ledger = Ledger(
            connect(config.redis_url),
            lease_ms=int(config.lease_seconds * 1000),
            outage_ms=int(config.outage_seconds * 1000),
        )
        self._gate = Gate(self.ledger.redis)
        self._journal = Journal(self.ledger)
        self._pictures = ProcessPictures(config)
        self._local = LocalModels(config.redis_url)
        self._loop = EventLoop()
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], JobWork] = {}  # by job and by how often its listing went on
        self._held: list[_Held] = []
        self._newer: set[str] = set()  # jobs of a newer format, each said once
        self._shares: dict[str, int] = {}
        self._reconciler = Reconciler(self.ledger, bell.ring)
        self._stopping = threading.Event()
        self._desk = Desk(self.ledger, self._gate, config, self._loop.loop)
        self._models = ModelKeeper(self.ledger, config.aws)
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()
        threading.Thread(target=self._keep_models, name="models", daemon=True).start()

    def run(self, job: str, number: int) -> None:
        """One message of the queue: a shard of a job, or its last step."""
        if self._stopping.is_set():
            return
        taken = self.ledger.lease(job, number, share=self._share(job))
        if isinstance(taken, NotLeased):
            log.debug("%s/%s not taken: %s", job, number, taken.why)
            return
        held = _Held(taken)
        with self._lock:
            self._held.append(held)
        feeds = True
        try:
            with self._work(job) as work:
                if number == LAST_STEP:
                    last_step.end_job(self.ledger, work.folder, taken)
                else:
                    number_of_retry = int(self.ledger.fields(job).get("retry", 0))
                    retry = Retry(work.folder, number_of_retry) if number_of_retry else None
                    held.shard = Shard(taken, work.folder, self.ledger, self._journal, work.lanes, held.stop, retry)
                    held.shard.run()
        except NewerFormat as error:
            feeds = False  # the shard would come straight back
            self._leave(taken, error)
        except RekscanError as error:  # the job's folder on S3: access, credentials, network
            log.warning("%s/%s stopped: %s", job, number, error)
            self.ledger.set_state(job, "blocked", reason=error.what, do=f"{error.do} Then resume the job.")
            self.ledger.release(taken)
        except BotoCoreError as error:  # no client can be made; some of these are OSErrors too
            fault = understand(error, "")
            if fault.kind is not Kind.JOB:
                self._stumbled(taken, error, fault.do)
            log.exception("%s/%s stopped", job, number)
            self.ledger.set_state(job, "blocked", reason=f"{fault.code}: {error}", do=fault.do)
            self.ledger.release(taken)
        except OSError as error:
            if passes(error):
                self._stumbled(taken, error, of_machine(error, "this worker").do)
            log.exception("%s/%s stopped", job, number)
            self.ledger.set_state(
                job, "blocked", reason=f"the job's folder: {error}", do="Make room or mend it, then resume the job."
            )
            self.ledger.release(taken)
        except RedisError as error:
            log.warning("%s/%s stopped: Redis is away (%s)", job, number, error)
            with suppress(RedisError):  # else its lease lapses
                self.ledger.release(taken)
        except Exception as error:
            self._stumbled(taken, error, _MEMORY if memory.is_short(error) else "Please report this as a bug.")
        finally:
            with self._lock:
                self._held.remove(held)
            if feeds and not self._stopping.is_set():
                with suppress(RedisError):  # the reconciler does it then
                    feed(self.ledger, job, self._share(job) or self.config.shards, bell.ring)

    def _stumbled(self, taken: Lease, error: Exception, do: str) -> NoReturn:
        """The shard goes back, to be tried again; where that does not help, its job is stopped."""
        log.error("%s/%s stopped", taken.job, taken.shard, exc_info=error)
        if memory.is_short(error) or isinstance(error, OSError):
            self._stopping.wait(_BREATHER)  # memory, open files, a disk may come back
        if self.ledger.stumble(taken) >= _STUMBLES:
            what = f"shard {taken.shard} fails again and again: {type(error).__name__}: {error}"
            self.ledger.set_state(taken.job, "blocked", reason=what, do=do)
        self.ledger.release(taken)
        # MemoryError must not leave a task: Celery would shut the worker down and the next one would meet it again.
        raise RuntimeError(f"{taken.job}/{taken.shard}: {type(error).__name__}: {error}") from None

    def _leave(self, lease: Lease, error: NewerFormat) -> None:
        """A job of a newer version: its shard goes back for workers that can read it, at the reconciler's pace."""
        if lease.job not in self._newer:
            self._newer.add(lease.job)
            log.warning("%s. Its shards are left to other workers. %s", error.what, error.do)
        with suppress(RedisError):  # else its lease lapses
            self.ledger.release(lease)

    def stop(self) -> None:
        """Send nothing more; shards under way are given back at once."""
        self._stopping.set()
        self._journal.stop()
        self._desk.stop()
        with self._lock:
            for held in self._held:
                held.stop.set()

    def leave(self) -> bool:
        """After `stop`: wait for no picture that is being read. Whether calls are under way, or answers to be kept."""
        with self._lock:
            works, held = list(self._jobs.values()), list(self._held)
        for work in works:
            work.lanes.leave()
        return self._desk.busy or any(h.shard is not None and h.shard.begun for h in held)

    def close(self) -> None:
        self.stop()
        self._thread.join(timeout=5)
        self._desk.close()
        self._journal.close()
        self._loop.close()
        for work in self._jobs.values():
            work.close()
        self._pictures.close()
        self._local.close()
        try:
            leave(self.ledger, self.name, self.config.shards)
        except RedisError:
            log.debug("Redis was gone before this worker")

    def _share(self, job: str) -> int:
        return self._shares.get(job, 0) if len(self._shares) > 1 else 0

    @contextmanager
    def _work(self, job: str) -> Iterator[JobWork]:
        fields = self.ledger.fields(job)
        which = (job, fields.get("amended", ""))
        with self._lock:
            work = self._jobs.get(which)
            if work is None:
                folder = JobFolder(fields["home"], job, self.config.aws(fields.get("home_s3_url")))
                work = self._jobs[which] = open_work(
                    folder, self.config, self._gate, self._journal, self._pictures, self._loop.loop, self._local,
                    fields.get("rekognition_url"),
                )  # fmt: skip
                _set_aside()
            work.users += 1
        try:
            yield work
        finally:
            with self._lock:
                work.users -= 1
                work.idle_since = time.monotonic()

    def _keep(self) -> None:
        while not self._stopping.wait(self.config.lease_seconds / _ROUNDS):
            try:
                beat(self.ledger, self.name, self.config.shards)
                self._renew()
                self._reconciler.round()
                self._shares = shares(self.ledger)
                self._yield_turns()
            except RedisError as error:
                self._reconciler.lost_touch()
                log.warning("%s", explain(error))
            except Exception:
                log.exception("keeper")
            self._forget_idle()

    def _keep_models(self) -> None:
        """Apart from the keeper: AWS may take long to answer, and leases do not wait."""
        while not self._stopping.wait(self.config.lease_seconds / _ROUNDS):
            try:
                self._models.round()
            except RedisError as error:
                log.debug("%s", explain(error))  # the keeper says so
            except Exception:
                log.exception("models")

    def _renew(self) -> None:
        with self._lock:
            held = list(self._held)
        for job in {h.lease.job for h in held}:
            mine = {h.lease: h for h in held if h.lease.job == job}
            state, kept = self.ledger.renew(job, mine)
            for lease, still in kept.items():
                if not still or (state != "running" and lease.shard != LAST_STEP):
                    mine[lease].stop.set()

    def _yield_turns(self) -> None:
        """Give one shard back when its job holds more than its share and another job holds none."""
        held = {job: self.ledger.table(job) for job in self._shares}
        if not any(t["held"] == 0 and t["todo"] + t["queued"] > 0 for t in held.values()):
            return
        with self._lock:
            for h in reversed(self._held):
                job = h.lease.job
                if job in held and held[job]["held"] > self._shares[job] and not h.stop.is_set():
                    h.stop.set()
                    return

    def _forget_idle(self) -> None:
        with self._lock:
            idle = [j for j, w in self._jobs.items() if w.users == 0 and time.monotonic() - w.idle_since > 60]
            gone = [self._jobs.pop(job) for job in idle]
        for work in gone:
            work.close()
        if gone:
            gc.unfreeze()
            _set_aside()


def _set_aside() -> None:
    """Collect garbage, and leave what lives out of later collections: a full one would look through all modules, and
    hold up every call for a tenth of a second each few seconds."""
    gc.collect()
    gc.freeze()


_runtime: Runtime | None = None


def start(config: WorkerConfig) -> Runtime:
    global _runtime
    _runtime = Runtime(config)
    return _runtime


def runtime() -> Runtime:
    if _runtime is None:
        raise RuntimeError("the worker has not started")
    return _runtime
