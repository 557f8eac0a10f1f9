"""The gate's real script against a token bucket, in simulated time: minutes of traffic in a second."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from redis import Redis

from emulator.server.behaviour import Bucket
from workers.gate.gate import LATE, MOST, asks_again, policy

_CLOCK = "local now = tonumber(ARGV[#ARGV])\n"


@dataclass(slots=True)
class Turnstile:
    """One process's place at the gate, as workers/gate/gate.py works it."""

    job: str
    name: str
    threads: int
    free: int
    slots: deque[tuple[float, int]] = field(default_factory=deque)
    waits: bool = False  # for a free thread
    wasted: int = 0
    refused: int = 0
    ask_at: float = 0.0
    stopped: bool = False


@dataclass(slots=True)
class Asked:
    at: float
    permits: int
    ahead: float  # seconds until the last of them


@dataclass(slots=True)
class Sent:
    at: float
    job: str
    accepted: bool


class World:
    """`quota`: seconds -> the true quota. `burst`: the server's bucket as a share of it."""

    def __init__(
        self,
        redis: "Redis[bytes]",
        believed: float,
        quota: Callable[[float], float],
        *,
        exact: bool = False,
        jobs: tuple[int, ...] = (2,),
        threads: int = 400,
        latency: float = 0.3,
        burst: float = 0.1,
        jitter: float = 0.004,
        seed: int = 1,
    ) -> None:
        self._script = redis.register_script(policy(_CLOCK))
        self._keys = [f"sim:{seed}:{believed}", f"sim:{seed}:{believed}:users"]
        redis.delete(*self._keys)
        self.redis = redis
        self.believed, self.exact, self.quota = believed, exact, quota
        self.latency, self.jitter, self.burst = latency, jitter, burst
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self.now = 0.0
        self.sent: list[Sent] = []
        self.asked: list[Asked] = []
        self._threads = threads
        rate = quota(0)
        self._bucket = Bucket(rate, max(1.0, rate * burst), max(1.0, rate * burst), 0.0)
        self.turnstiles: list[Turnstile] = []
        for job, processes in enumerate(jobs):
            self.arrive(f"job{job}", processes)

    def arrive(self, job: str, processes: int) -> None:
        for process in range(processes):
            turnstile = Turnstile(job, f"{job}.{process}", self._threads, self._threads)
            self.turnstiles.append(turnstile)
            self._at(self.now + self._random.random() * 0.1, partial(self._next, turnstile))

    def stop(self, job: str) -> None:
        """Its processes send nothing more and leave what they hold."""
        for turnstile in self.turnstiles:
            turnstile.stopped = turnstile.stopped or turnstile.job == job

    def run(self, until: float) -> "World":
        while self._events and self._events[0][0] < until:
            self.now, _, act = heapq.heappop(self._events)
            act()
        self.now = until
        return self

    def rate(self) -> float:
        return float(self.redis.hget(self._keys[0], "rate") or 0)

    # --- what is measured

    def accepted(self, start: float, end: float, job: str | None = None) -> float:
        """Accepted calls per second."""
        return sum(s.accepted for s in self.sent if start <= s.at < end and job in (None, s.job)) / (end - start)

    def throttled(self, start: float, end: float) -> int:
        return sum(not s.accepted for s in self.sent if start <= s.at < end)

    def refused_share(self, start: float, end: float) -> float:
        return self.throttled(start, end) / max(1, sum(start <= s.at < end for s in self.sent))

    def first(self, job: str) -> float:
        """When a job sent its first call."""
        return next(sent.at for sent in self.sent if sent.job == job)

    def asks(self, start: float, end: float) -> float:
        """Reservations asked of Redis per second."""
        return sum(start <= asked.at < end for asked in self.asked) / (end - start)

    # --- what happens

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._number), act))

    def _call(self, *arguments: object) -> list[int]:
        exact = "1" if self.exact else "0"
        verb, *rest = arguments
        clock = f"{1_700_000_000_000_000 + self.now * 1e6:.0f}"
        return self._script(self._keys, [verb, self.believed, exact, *rest, clock])  # type: ignore[no-any-return]

    def _reserve(self, turnstile: Turnstile) -> None:
        permits, wait, interval, first = self._call("take", MOST, turnstile.job, turnstile.name, turnstile.wasted)
        turnstile.wasted = 0
        self.asked.append(Asked(self.now, permits, (wait + (permits - 1) * interval) / 1e6))
        if permits:
            turnstile.refused, start = 0, self.now + wait / 1e6
            turnstile.slots.extend((start + n * interval / 1e6, first + n) for n in range(permits))
        else:
            turnstile.refused += 1
            turnstile.ask_at = self.now + asks_again(wait / 1e6, turnstile.refused, self._random.random())

    def _next(self, turnstile: Turnstile) -> None:
        if turnstile.stopped:
            return
        turnstile.waits = turnstile.free == 0
        if turnstile.waits:
            return
        while turnstile.slots and turnstile.slots[0][0] < self.now - LATE:
            turnstile.slots.popleft()
            turnstile.wasted += 1
        if not turnstile.slots and self.now >= turnstile.ask_at:
            self._reserve(turnstile)
        if not turnstile.slots:
            self._at(turnstile.ask_at, lambda: self._next(turnstile))
            return
        slot, ticket = turnstile.slots.popleft()
        if not turnstile.slots and slot > self.now >= turnstile.ask_at:
            self._reserve(turnstile)
        delay = self._random.expovariate(1 / self.jitter) if self.jitter else 0.0
        self._at(max(slot, self.now), lambda: self._go(turnstile, ticket, delay))

    def _go(self, turnstile: Turnstile, ticket: int, delay: float) -> None:
        if turnstile.stopped:
            return
        turnstile.free -= 1
        self._at(self.now + delay, lambda: self._arrive(turnstile, ticket))
        self._next(turnstile)

    def _arrive(self, turnstile: Turnstile, ticket: int) -> None:
        rate = self.quota(self.now)
        if rate != self._bucket.rate:
            self._bucket = Bucket(
                rate, max(1.0, rate * self.burst), min(self._bucket.tokens, rate * self.burst), self.now
            )
        accepted = self._bucket.take(self.now)
        self.sent.append(Sent(self.now, turnstile.job, accepted))
        latency = self.latency * self._random.uniform(0.9, 1.3)
        self._at(self.now + latency, lambda: self._done(turnstile, ticket, accepted))

    def _done(self, turnstile: Turnstile, ticket: int, accepted: bool) -> None:
        turnstile.free += 1
        if not accepted:
            self._call("throttled", ticket)
        if turnstile.waits:
            self._next(turnstile)
