"""The gate: one shared schedule per (account, Region, operation), so that all workers together keep to a quota.

A `Turnstile` is one process's place at the gate for one job and one quota. It takes small blocks of permits and lets
one call at a time wait for the next, so little more than a block is ever reserved ahead: pausing or a second job
costs little. What the rate is, and how it follows the true quota, stands in gate.lua.
"""

import asyncio
import logging
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
    """Permits reserved together: `ticket` numbers the first, `wait` is seconds until it, `interval` between them."""

    permits: int
    wait: float
    interval: float
    ticket: int


def policy(clock: str | None = None) -> str:
    """The text of the gate's script. `clock`: Lua that defines `now`, instead of Redis's own clock."""
    folder = files(__package__)
    return (clock or (folder / "clock.lua").read_text()) + (folder / "gate.lua").read_text()


class Gate:
    """The gate's script, bound to one Redis."""

    def __init__(self, redis: "Redis[bytes]") -> None:
        self._script = redis.register_script(policy())

    def take(self, quota: Quota, job: str, turnstile: str, *, wasted: int = 0, most: int = MOST) -> Block:
        """Reserve the next permits. `wasted`: of those before, how many came too late to be used."""
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

    async def pass_through(self, stop: threading.Event) -> int:
        """Return the call's ticket when it may be sent. Raises Stopped when `stop` is set first."""
        async with self._lock:
            slot, ticket = await self._next(stop)
            if not self._slots and slot > time.monotonic():
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
            if not await self._reserve():
                await sleep_until(time.monotonic() + 0.5, stop)
        raise Stopped

    async def _reserve(self) -> bool:
        """False while Redis is away."""
        try:
            self._slots.extend(await asyncio.to_thread(self._block))
        except RedisError as error:
            log.warning("the gate's Redis is away (%s)", error)
            return False
        self._wasted = 0
        return True

    def _block(self) -> list[tuple[float, int]]:
        block = self._gate.take(self.quota, self._job, self._name, wasted=self._wasted)
        first = time.monotonic() + block.wait
        return [(first + n * block.interval, block.ticket + n) for n in range(block.permits)]


async def sleep_until(when: float, stop: threading.Event) -> None:
    """Wait for a time of time.monotonic(). Raises Stopped when `stop` is set before."""
    while (wait := when - time.monotonic()) > 0:
        if stop.is_set():
            raise Stopped
        await asyncio.sleep(min(wait, _LOOK))
