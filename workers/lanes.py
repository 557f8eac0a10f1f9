"""Lanes: the requests of a job run side by side, each at its own quota's rate, shared by the shards under way.

One shard at a time would waste a third of the speed in its tail; a slow API on shared threads would starve a fast one.
"""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from jobs.apis import Request
from jobs.items import Item
from jobs.ledger import Lease
from jobs.outcomes import Outcome
from workers.calls import Caller
from workers.known import Known


class Lanes:
    """The lanes of one job in one process: a thread pool for each request."""

    def __init__(self, callers: Iterable[Caller], threads: int, known: Known) -> None:
        self.known = known
        self._lanes = {
            caller.request.name: (caller, ThreadPoolExecutor(threads, thread_name_prefix=caller.request.name))
            for caller in callers
        }

    @property
    def requests(self) -> tuple[Request, ...]:
        return tuple(caller.request for caller, _ in self._lanes.values())

    def submit(
        self,
        request: Request,
        item: Item,
        lease: Lease,
        attempts: str,
        stop: threading.Event,
        content: str | None = None,
    ) -> Future[list[Outcome]]:
        caller, pool = self._lanes[request.name]
        return pool.submit(caller.call, item, lease, attempts, stop, content)

    def give_up(
        self, request: Request, item: Item, lease: Lease, attempts: str, code: str, message: str
    ) -> list[Outcome]:
        """Failed rows for a call that is not to be tried."""
        return self._lanes[request.name][0].give_up(item, lease, attempts, code, message)

    def close(self) -> None:
        for _, pool in self._lanes.values():
            pool.shutdown(wait=False, cancel_futures=True)
