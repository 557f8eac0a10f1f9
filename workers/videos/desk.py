"""The desk: what a worker process does about films, on the event loop of its calls.

    each round: say that its shards are held and its slots taken, let go of what is lost or stopped, take more shards

Rule: it holds as many shards as have calls for the slots that may come free, and no more: 10,000 films that wait are
rows of a file. What somebody held before is taken whatever waits here: it may wait for just those films to end.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from redis.exceptions import RedisError

from jobs.documents import NewerFormat
from jobs.errors import RekscanError
from jobs.ledger import Lease, Ledger
from jobs.media.file_faults import of_machine
from workers import memory
from workers.config import WorkerConfig
from workers.gate.gate import Gate
from workers.videos.shard import FilmShard
from workers.videos.work import FilmWork, open_film_work

log = logging.getLogger(__name__)

_AHEAD = 20  # calls of a job that a worker holds to be started next, at least
_ROUNDS = 5  # in the time of a lease
_HELD_ON = ("running", "paused")  # states in which films are held: a pause starts nothing, and reads on
_STUMBLES = 5  # errors of our own in one shard, until its job is stopped
_LAST_SECONDS = 5.0  # for what is held, once the process is to end


class Desk:
    """One per process."""

    def __init__(self, ledger: Ledger, gate: Gate, config: WorkerConfig, loop: asyncio.AbstractEventLoop) -> None:
        self._ledger, self._gate, self._config, self._loop = ledger, gate, config, loop
        self._works: dict[str, FilmWork] = {}
        self._held: dict[FilmShard, asyncio.Task[None]] = {}
        self._newer: set[str] = set()  # jobs of a newer format
        self._stopping = False
        self._running = asyncio.run_coroutine_threadsafe(self._run(), loop)

    @property
    def busy(self) -> bool:
        """Whether films are held: what is known of them is on its way."""
        return bool(self._held)

    def stop(self) -> None:
        """Start and read nothing more; what is held is given back."""
        self._stopping = True
        for shard in list(self._held):
            shard.stop.set()

    def close(self) -> None:
        """After `stop`: wait for what is held, for some seconds."""
        self.stop()
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(_LAST_SECONDS)
        self._running.cancel()

    async def _ended(self) -> None:
        await asyncio.gather(*self._held.values(), return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                mine = {shard.lease.job for shard in self._held}
                for job in await asyncio.to_thread(self._jobs, mine):
                    await self._tend(job)
            except RedisError as error:
                log.warning("films wait: Redis is away (%s)", error)
            except Exception:
                log.exception("films")
            await asyncio.sleep(min(1.0, self._config.lease_seconds / _ROUNDS))

    def _jobs(self, mine: set[str]) -> Iterable[str]:
        """Those with films to be taken, and those whose films are held here."""
        return [job for job in self._ledger.live() if job in mine or self._ledger.films_left(job, 1)]

    async def _tend(self, job: str) -> None:
        mine = [shard for shard in self._held if shard.lease.job == job]
        state = await self._renew(job, mine)
        if state != "running" or self._stopping or job in self._newer:
            return
        waiting = sum(not ask.begun for shard in mine for ask in shard.asks)
        taken = await asyncio.to_thread(self._take, job, waiting < _AHEAD)
        if taken is not None and (work := await self._work(taken)) is not None:
            shard = FilmShard(taken, work, self._ledger)
            self._held[shard] = self._loop.create_task(self._hold(shard))

    async def _renew(self, job: str, mine: list[FilmShard]) -> str:
        """The job's state; of its shards here, those that are lost or stopped are told."""
        leases = {shard.lease: shard for shard in mine}
        state, held = await asyncio.to_thread(self._ledger.renew, job, leases)
        if work := self._works.get(job):
            work.state = state
            await asyncio.to_thread(work.keep, [token for shard in mine for token in shard.tokens])
        for lease, still in held.items():
            if not still or state not in _HELD_ON:
                leases[lease].stop.set()
        return state

    def _take(self, job: str, more: bool) -> Lease | None:
        """A shard that is left, where nobody else was first. `more`: also one that nobody has held before."""
        for number in (*self._ledger.films_begun(job), *(self._ledger.films_left(job, 3) if more else ())):
            taken = self._ledger.lease(job, number)
            if isinstance(taken, Lease):
                return taken
        return None

    async def _work(self, lease: Lease) -> FilmWork | None:
        """The job as this process sees it; where it cannot be opened, its shard goes back."""
        job = lease.job
        if job not in self._works:
            try:
                self._works[job] = await asyncio.to_thread(open_film_work, self._ledger, self._gate, self._config, job)
            except NewerFormat as error:
                self._newer.add(job)
                log.warning("%s. Its films are left to other workers. %s", error.what, error.do)
                await asyncio.to_thread(self._ledger.release, lease)
                return None
            except Exception as error:
                await asyncio.to_thread(self._block, lease, error)
                return None
        return self._works[job]

    async def _hold(self, shard: FilmShard) -> None:
        try:
            await shard.run()
        except RedisError as error:
            log.warning("%s/%s stopped: Redis is away (%s)", shard.lease.job, shard.lease.shard, error)
            await asyncio.to_thread(shard.save)
        except Exception as error:
            log.exception("%s/%s stopped", shard.lease.job, shard.lease.shard)
            await asyncio.to_thread(shard.save)
            with suppress(RedisError):
                if await asyncio.to_thread(self._ledger.stumble, shard.lease) >= _STUMBLES:
                    await asyncio.to_thread(self._block, shard.lease, error)
        finally:
            del self._held[shard]
            if not any(other.lease.job == shard.lease.job for other in self._held):
                self._works.pop(shard.lease.job).close()  # a resume may have another endpoint

    def _block(self, lease: Lease, error: Exception) -> None:
        what, do = told(lease.shard, error)
        self._ledger.set_state(lease.job, "blocked", reason=what, do=do)
        self._ledger.release(lease)


def told(shard: int, error: Exception) -> tuple[str, str]:
    """What a job is blocked for, and what to do: an error of this program or machine is not said to be AWS's."""
    if isinstance(error, RekscanError):
        return error.what, f"{error.do} Then resume the job."
    what = f"shard {shard}, of films, fails again and again: {type(error).__name__}: {error}"
    if memory.is_short(error):
        return what, "Give the workers more memory, then resume the job."
    return what, of_machine(error, "").do if isinstance(error, OSError) else "Please report this as a bug."
