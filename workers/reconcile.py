"""The small reconciler: brings back what died and keeps the queue filled. Run by every worker, `watch` and `resume`.

Rule: the shard table decides, the queue only rings; so a lost message or a dead worker costs seconds, not an hour.
"""

import math
import time
from collections.abc import Callable, Iterable

from redis.exceptions import RedisError

from jobs.ledger import Ledger
from jobs.ledger.keys import key
from workers.bell import QUEUE_KEY, forget_all

Ring = Callable[[str, int], None]

_LOCK = key("reconciler")
_LOST_AFTER_MS = 30_000  # a shard queued for so long has lost its message, if any is lost
_WORKERS = key("workers")  # "slots name" of each living worker, by when it is taken for dead (ms of Redis's clock)
_GRACE = 10.0  # seconds after Redis was out of reach, for others to renew their leases and write what they hold


def beat(ledger: Ledger, worker: str, slots: int) -> None:
    """Say that a worker lives, with how many shards it takes at once."""
    now = _now_ms(ledger)
    pipe = ledger.redis.pipeline(transaction=True)
    pipe.zadd(_WORKERS, {f"{slots} {worker}": now + ledger.lease_ms})
    pipe.zremrangebyscore(_WORKERS, "-inf", now)
    pipe.execute()


def leave(ledger: Ledger, worker: str, slots: int) -> None:
    ledger.redis.zrem(_WORKERS, f"{slots} {worker}")


def slots(ledger: Ledger) -> int:
    """Shards that all living workers together take at once."""
    return sum(int(slots) for slots, _ in _living(ledger))


def hosts(ledger: Ledger) -> set[str]:
    """The machines that living workers are on: a worker is called `host:process id`."""
    return {name.rpartition(":")[0] for _, name in _living(ledger)}


def _living(ledger: Ledger) -> list[tuple[str, str]]:
    members = ledger.redis.zrangebyscore(_WORKERS, f"({_now_ms(ledger)}", "+inf")
    return [(slots, name) for slots, _, name in (member.decode().partition(" ") for member in members)]


def _now_ms(ledger: Ledger) -> int:
    seconds, micros = ledger.redis.time()
    return int(seconds) * 1000 + int(micros) // 1000


def shares(ledger: Ledger) -> dict[str, int]:
    """Live, running job -> shards it may hold while others wait."""
    running = [job for job in ledger.live() if ledger.fields(job).get("state") == "running"]
    share = math.ceil(max(1, slots(ledger)) / max(1, len(running)))
    return dict.fromkeys(running, share)


def feed(ledger: Ledger, job: str, share: int, ring: Ring) -> None:
    """Ring for as many shards as the job's window (twice its share) has room for."""
    for shard in ledger.feed(job, 2 * share):
        ring(job, shard)


class Reconciler:
    """One process's rounds of `reconcile`.

    While Redis was out of reach, leases lapsed of holders that live: the first to be back leaves them their time.
    """

    def __init__(self, ledger: Ledger, ring: Ring) -> None:
        self._ledger = ledger
        self._ring = ring
        self._reaps_from = 0.0  # time.monotonic()

    def round(self) -> None:
        """Raises what redis-py raises."""
        try:
            reconcile(self._ledger, self._ring, reaps=time.monotonic() >= self._reaps_from)
        except (RedisError, OSError):
            self.lost_touch()
            raise

    def lost_touch(self) -> None:
        """Redis did not answer."""
        self._reaps_from = time.monotonic() + _GRACE


def reconcile(ledger: Ledger, ring: Ring, *, jobs: Iterable[str] | None = None, reaps: bool = True) -> bool:
    """One round, unless another process is at it. Returns whether it was done. `reaps`: bring back what died, too."""
    if not ledger.redis.set(_LOCK, 1, nx=True, px=1500):
        return False
    running = shares(ledger)
    lost_after_ms = _LOST_AFTER_MS if _messages_lost(ledger) else None
    live = ledger.live()
    if not live:
        forget_all(ledger.redis)
    for job in jobs if jobs is not None else live:
        if reaps:
            ledger.reap(job, lost_after_ms=lost_after_ms)
        feed(ledger, job, running.get(job, 1), ring)
    return True


def _messages_lost(ledger: Ledger) -> bool:
    """Whether fewer messages wait than shards that are rung for. A shard that only waits long, because all workers are
    busy or none is there, needs no second message: they would pile up for as long as it waits."""
    waiting = int(ledger.redis.llen(QUEUE_KEY))
    return waiting < sum(ledger.table(job)["queued"] for job in ledger.live())
