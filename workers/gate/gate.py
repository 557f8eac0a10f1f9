"""The gate: one shared schedule per (account, Region, operation), so that all workers together keep to a quota.

A `Turnstile` is one process's place at the gate for one job and one quota. It takes small blocks of permits and lets
one call at a time wait for the next. However many there are, no permit lies more than a second ahead: pausing or a
second job costs no more. What the rate is, and how it follows the true quota, stands in gate.lua.
"""

import asyncio
import logging
import random
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from importlib.resources import files

from redis import Redis
from redis.exceptions import RedisError

from jobs.ledger.keys import key

log = logging.getLogger(__name__)

MOST = 64  # permits in a block; gate.lua gives those of 40 ms
_SPREAD, _WIDEST = 0.02, 2.0  # seconds over which those ask again that were refused once; and often
_AWAY = 0.5  # seconds between tries while Redis is away
_LOOK = 0.2  # seconds between looks at whether to stop
LATE = 0.05  # seconds that a permit stays good after its time; servers allow bursts of about a tenth of a second


class Stopped(Exception):
    """The call must not be sent now: the job or the worker stops, or the lease is lost."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of AWS: who shares it and how fast it is believed to be."""

    account: str
    region: str
    operation: str
    tps: float  # believed transactions per second
    exact: bool = False  # said by the user: never probe beyond it

    @property
    def keys(self) -> list[str]:
        """Jobs share a schedule when they believe the same of the quota; throttles teach the others."""
        belief = f"{self.tps:g}{'!' if self.exact else ''}"
        tag = f"gate:{self.account}:{self.region}:{self.operation}:{belief}"
        return [key(tag), key(tag, "users")]


@dataclass(frozen=True, slots=True)
class Block:
    """Permits reserved together: `ticket` numbers the first, `wait` is seconds until it, `interval` between them.

    No permits: the schedule is full, ask again after `wait` (see `asks_again`).
    """

    permits: int
    wait: float
    interval: float
    ticket: int


def policy(clock: str | None = None) -> str:
    """The text of the gate's script. `clock`: Lua that defines `now`, instead of Redis's own clock."""
    folder = files(__package__)
    return (clock or (folder / "clock.lua").read_text()) + (folder / "gate.lua").read_text()


def asks_again(wait: float, refused: int, chance: float) -> float:
    """Seconds until a turnstile asks again that was refused so many times in a row. The more of them wait, the wider
    they spread: 1,000 of them ask 1,000 times a second. `chance`: from 0 to 1."""
    return wait + chance * min(_WIDEST, _SPREAD * 2.0 ** min(refused, 10))


class Gate:
    """The gate's script, bound to one Redis."""

    def __init__(self, redis: "Redis[bytes]") -> None:
        self._script = redis.register_script(policy())

    def take(self, quota: Quota, job: str, turnstile: str, *, wasted: int = 0, most: int = MOST) -> Block:
        """Reserve the next permits, if there is room. `wasted`: of those before, how many came too late to be used."""
        permits, wait, interval, ticket = self._ask(quota, "take", most, job, turnstile, wasted)
        return Block(permits, wait / 1e6, interval / 1e6, ticket)

    def throttled(self, quota: Quota, ticket: int) -> bool:
        """AWS throttled the call of this ticket. Returns whether the rate dropped for it."""
        return bool(self._ask(quota, "throttled", ticket))

    def _ask(self, quota: Quota, verb: str, *rest: object) -> "list[int]":
        return self._script(quota.keys, [verb, quota.tps, int(quota.exact), *rest])  # type: ignore[no-any-return]


class Turnstile:
    """`job`: jobs share a quota equally, however many processes each has."""

    def __init__(self, gate: Gate, quota: Quota, job: str = "job") -> None:
        self.quota = quota
        self._gate = gate
        self._job = job
        self._name = uuid.uuid4().hex[:12]
        self._lock = asyncio.Lock()
        self._slots: deque[tuple[float, int]] = deque()  # time of time.monotonic(), ticket
        self._wasted = 0
        self._refused = 0  # times in a row
        self._ask_at = 0.0  # time of time.monotonic()

    async def pass_through(self, stop: threading.Event) -> int:
        """Return the call's ticket when it may be sent. Raises Stopped when `stop` is set first."""
        async with self._lock:
            slot, ticket = await self._next(stop)
            if not self._slots and slot > time.monotonic() >= self._ask_at:
                await self._reserve()  # before the wait, so that the schedule never runs dry meanwhile
            try:
                await sleep_until(slot, stop)
            except Stopped:
                self._slots.appendleft((slot, ticket))
                raise
            return ticket

    async def throttled(self, ticket: int) -> None:
        """The call of this ticket was refused."""
        try:
            await asyncio.to_thread(self._gate.throttled, self.quota, ticket)
        except RedisError as error:
            log.debug("throttle not told: %s", error)  # the next reservation waits for Redis anyway

    async def _next(self, stop: threading.Event) -> tuple[float, int]:
        while not stop.is_set():
            late = time.monotonic() - LATE
            while self._slots and self._slots[0][0] < late:
                self._slots.popleft()
                self._wasted += 1
            if self._slots:
                return self._slots.popleft()
            await sleep_until(self._ask_at, stop)
            await self._reserve()
        raise Stopped

    async def _reserve(self) -> None:
        """Take a block, or know when to ask again."""
        try:
            block, now = await asyncio.to_thread(self._take)
        except RedisError as error:
            log.warning("the gate's Redis is away (%s)", error)
            self._ask_at = time.monotonic() + _AWAY
            return
        self._wasted = 0
        if block.permits:
            self._refused = 0
            first = now + block.wait
            self._slots.extend((first + n * block.interval, block.ticket + n) for n in range(block.permits))
        else:
            self._refused += 1
            self._ask_at = now + asks_again(block.wait, self._refused, random.random())  # noqa: S311

    def _take(self) -> tuple[Block, float]:
        """A block, and the time of time.monotonic() when Redis had answered."""
        block = self._gate.take(self.quota, self._job, self._name, wasted=self._wasted)
        return block, time.monotonic()


async def sleep_until(when: float, stop: threading.Event) -> None:
    """Wait for a time of time.monotonic(). Raises Stopped when `stop` is set before."""
    while (wait := when - time.monotonic()) > 0:
        if stop.is_set():
            raise Stopped
        await asyncio.sleep(min(wait, _LOOK))
