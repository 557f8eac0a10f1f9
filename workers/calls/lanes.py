"""Lanes: the requests of a job run side by side, each at its own quota's rate, shared by the shards under way.

One shard at a time would waste a third of the speed in its tail; a slow API in a common lane would starve a fast one.
"""

import asyncio
import threading
from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from jobs.apis import Request
from jobs.attempts import Attempts
from jobs.items import Item
from jobs.ledger import Lease
from jobs.outcomes import Outcome
from workers.calls.caller import Caller
from workers.calls.known import Known


@dataclass(frozen=True, slots=True)
class Ask:
    """A call to make. `attempts`: those made so far, by API; `Caller.call` adds its own. `content`: see there."""

    name: str
    request: Request
    item: Item
    attempts: dict[str, Attempts] = field(default_factory=dict)
    content: str | None = None


class Lanes:
    """The lanes of one job in one process. Calls wait on the event loop `loop`, a thread of its own runs it; `threads`
    are those of the callers."""

    def __init__(
        self,
        callers: Iterable[Caller],
        known: Known,
        loop: asyncio.AbstractEventLoop,
        threads: Iterable[ThreadPoolExecutor],
    ) -> None:
        self.known = known
        self._loop = loop
        self._callers = {caller.request.name: caller for caller in callers}
        self._threads = tuple(threads)

    @property
    def requests(self) -> tuple[Request, ...]:
        return tuple(caller.request for caller in self._callers.values())

    def call(self, asks: Sequence[Ask], lease: Lease, stop: threading.Event) -> list[list[Outcome] | BaseException]:
        """Make calls, and wait for all of them: what `Caller.call` returned or raised for each."""
        return asyncio.run_coroutine_threadsafe(self._all(asks, lease, stop), self._loop).result()

    async def _all(
        self, asks: Sequence[Ask], lease: Lease, stop: threading.Event
    ) -> list[list[Outcome] | BaseException]:
        calls = (self._callers[ask.request.name].call(ask.item, lease, ask.attempts, stop, ask.content) for ask in asks)
        return await asyncio.gather(*calls, return_exceptions=True)

    def proved(self, apis: Set[str]) -> None:
        """Some pictures were answered for these APIs before: a refusal is one picture's."""
        for caller in self._callers.values():
            if any(choice.api.name in apis for choice in caller.request.choices):
                caller.reading.end()
                caller.asking.end()

    def give_up(self, ask: Ask, lease: Lease, code: str, message: str) -> list[Outcome]:
        """Failed rows for a call that is not to be tried."""
        return self._callers[ask.request.name].give_up(ask.item, lease, ask.attempts, code, message)

    def leave(self) -> None:
        """The process ends: wait for no picture that is being read."""
        for caller in self._callers.values():
            self._loop.call_soon_threadsafe(caller.leave)

    def close(self) -> None:
        for pool in self._threads:
            pool.shutdown(wait=False, cancel_futures=True)
