"""What calls wait for in this process, beside the gate: a place, a door that is shut, a little time.

Rule: every wait ends when `stop` is set.
"""

import asyncio
import threading
import time
from typing import Protocol

from workers.gate.gate import sleep_until


class Hold:
    """The door's word that calls must wait. Who hears it tells the others of this process: no permit is used up."""

    __slots__ = ("_since", "shut", "until")

    def __init__(self) -> None:
        self.until = 0.0  # time.monotonic()
        self.shut = False  # calls are to go elsewhere meanwhile; else there is no room for a moment
        self._since: float | None = None  # when it was first heard to be shut, without an answer since

    def back_off(self, seconds: float, *, shut: bool) -> None:
        now = time.monotonic()
        self.until, self.shut = now + seconds, shut
        if shut and self._since is None:
            self._since = now

    def answered(self) -> None:
        self._since = None

    def shut_for(self, seconds: float) -> bool:
        """Whether it is shut, and has been for so long."""
        now = time.monotonic()
        return self.shut and self.until > now and self._since is not None and now - self._since >= seconds


class Heading(Protocol):
    heading: int


class Seat:
    """A place of a semaphore, given back early or at the end; and until then that its call heads for one road alone."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._taken = False
        self._road: Heading | None = None

    def heads_for(self, road: Heading | None) -> None:
        if self._road is not None:
            self._road.heading -= 1
        self._road = road if self._taken else None  # begun once: tried again it waits in no line
        if self._road is not None:
            self._road.heading += 1

    async def __aenter__(self) -> "Seat":
        await self._semaphore.acquire()
        self._taken = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        if self._taken:
            self._semaphore.release()
            self._taken = False
            self.heads_for(None)


async def sleep(stop: threading.Event, seconds: float) -> None:
    await sleep_until(time.monotonic() + seconds, stop)
