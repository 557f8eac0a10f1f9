"""What calls wait for in this process, beside the gate: a place, a door that is shut, a little time.

Rule: every wait ends when `stop` is set.
"""

import asyncio
import threading
import time

from workers.gate.gate import sleep_until


class Hold:
    """The door's word that calls must wait. Who hears it tells the others of this process: no permit is used up."""

    def __init__(self) -> None:
        self._until = 0.0  # time.monotonic()

    def back_off(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    async def over(self, stop: threading.Event) -> None:
        await sleep_until(self._until, stop)


class Seat:
    """A place of a semaphore, given back early or at the end."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._taken = False

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


async def sleep(stop: threading.Event, seconds: float) -> None:
    await sleep_until(time.monotonic() + seconds, stop)
