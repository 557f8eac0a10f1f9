"""Lanes: the requests of a job run side by side, each at its own quota's rate, shared by the shards under way.

One shard at a time would waste a third of the speed in its tail; a slow API in a common lane would starve a fast one.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from jobs.apis import Request
from jobs.attempts import Attempts
from jobs.conditions import sources_first
from jobs.items import Item
from jobs.ledger import Lease
from jobs.outcomes import Outcome
from workers.calls.caller import Caller
from workers.calls.cascade import Given, Sources, UnderWay
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
        by_name = {caller.request.name: caller for caller in callers}
        ordered = sources_first([caller.request for caller in by_name.values()])
        self._callers = {request.name: by_name[request.name] for request in ordered}
        self._threads = tuple(threads)
        self.conditions = {
            request.name: sources for request in ordered if (sources := Sources.of(request, ordered)) is not None
        }

    @property
    def requests(self) -> tuple[Request, ...]:
        """Each after those whose answers its condition reads."""
        return tuple(caller.request for caller in self._callers.values())

    def call(
        self, asks: Sequence[Ask], lease: Lease, stop: threading.Event, given: Given | None = None
    ) -> list[list[Outcome] | BaseException]:
        """Make calls, and wait for all of them: what `Caller.call` returned or raised for each, or Waiting, where it is
        to be asked again after another. `given`: outcomes of further calls on their items."""
        all_of_them = self._in_turn(asks, lease, stop, given or {}) if self.conditions else self._all(asks, lease, stop)
        return asyncio.run_coroutine_threadsafe(all_of_them, self._loop).result()

    async def _all(
        self, asks: Sequence[Ask], lease: Lease, stop: threading.Event
    ) -> list[list[Outcome] | BaseException]:
        return await asyncio.gather(*(self._call(ask, lease, stop) for ask in asks), return_exceptions=True)

    async def _in_turn(
        self, asks: Sequence[Ask], lease: Lease, stop: threading.Event, given: Given
    ) -> list[list[Outcome] | BaseException]:
        tasks: dict[str, asyncio.Task[list[Outcome]]] = {}
        for ask in asks:
            sources = self.conditions.get(ask.request.name)
            call = self._if(sources, ask, lease, stop, given, tasks) if sources else self._call(ask, lease, stop)
            tasks[ask.name] = asyncio.ensure_future(call)
        return await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _if(
        self, sources: Sources, ask: Ask, lease: Lease, stop: threading.Event, given: Given, tasks: UnderWay
    ) -> list[Outcome]:
        why_not = sources.why_not(await sources.outcomes(ask.item, given, tasks))
        if why_not is None:
            return await self._call(ask, lease, stop)
        return self._callers[ask.request.name].not_asked(ask.item, lease, ask.attempts, *why_not)

    def _call(self, ask: Ask, lease: Lease, stop: threading.Event) -> Coroutine[Any, Any, list[Outcome]]:
        return self._callers[ask.request.name].call(ask.item, lease, ask.attempts, stop, ask.content)

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
