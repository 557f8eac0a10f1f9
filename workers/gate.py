"""The gate: one shared schedule per (account, Region, operation), so that all workers together keep to a quota.

A `Turnstile` is one process's place at the gate for one job and one quota. It takes small blocks of permits and lets one
thread at a time wait for the next, so no more than a block is ever reserved ahead: pausing or a second job costs little.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass
from importlib.resources import files

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError


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
    def key(self) -> str:
        return f"rekscan:gate:{self.account}:{self.region}:{self.operation}"


class Gate:
    """The scripts of the gate, bound to one Redis."""

    def __init__(self, redis: Redis) -> None:
        folder = files(__package__)
        self._acquire = redis.register_script((folder / "gate.lua").read_text())
        self._throttled = redis.register_script((folder / "throttled.lua").read_text())

    def acquire(self, quota: Quota, wanted: int) -> tuple[int, float, float]:
        """Reserve permits: how many, seconds until the first, seconds between them."""
        permits, wait, interval = self._acquire([quota.key], [quota.tps, wanted, 1])
        return permits, wait / 1e6, interval / 1e6

    def throttled(self, quota: Quota) -> None:
        """AWS throttled a call of this quota."""
        self._throttled([quota.key], [quota.tps])


class Turnstile:
    def __init__(self, gate: Gate, quota: Quota) -> None:
        self.quota = quota
        self._gate = gate
        self._lock = threading.Lock()
        self._slots: deque[float] = deque()  # times of time.monotonic()

    def pass_through(self, stop: threading.Event) -> None:
        """Return when the next call may be sent. Raises Stopped when `stop` is set first."""
        with self._lock:
            while not self._slots:
                if stop.is_set():
                    raise Stopped
                self._reserve(stop)
            slot = self._slots.popleft()
            while (wait := slot - time.monotonic()) > 0:
                if stop.wait(wait):
                    raise Stopped

    def throttled(self) -> None:
        try:
            self._gate.throttled(self.quota)
        except (RedisConnectionError, RedisTimeoutError):
            return  # the next reservation waits for Redis anyway

    def _reserve(self, stop: threading.Event) -> None:
        try:
            permits, wait, interval = self._gate.acquire(self.quota, 16)
        except (RedisConnectionError, RedisTimeoutError):
            stop.wait(0.5)
            return
        first = time.monotonic() + wait
        self._slots.extend(first + n * interval for n in range(permits))
