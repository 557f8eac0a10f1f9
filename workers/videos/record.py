"""What is written down of a call on a film: its start, its slot, its row.

Rule: a slot is given back here, where whoever waits for one in this process hears of it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from jobs.ledger import Lease, Start
from jobs.ledger.starts import Came
from jobs.outcomes import Outcome
from workers.journal.packing import encode
from workers.videos.ask import FilmAsk
from workers.videos.rows import counters_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record:
    """Of one call, by the holder of its shard."""

    ask: FilmAsk
    lease: Lease

    async def free(self, token: str) -> None:
        """Give the slot back."""
        await blocking(self.ask.way.slots.free, token)
        self.ask.way.freed.set()

    async def over(self, start: Start, code: str, message: str) -> None:
        """It ended without an answer."""
        await self.free(start.token)
        await self.keep(self.ask.subject.failed(code, message, start), start)

    async def keep(self, row: Outcome, start: Start | None = None) -> None:
        """The call has its outcome."""
        self.ask.rows = [row]
        if start is not None:
            await self.settle(start, row)
        else:
            await self._settle(Came(self.ask.name, self._api, None, encode([row]), counters_of(row)))

    async def settle(self, start: Start, row: Outcome | None = None) -> None:
        self.ask.start = start
        answer, counters = (encode([row]), counters_of(row)) if row else (b"", {})
        await self._settle(Came(self.ask.name, self._api, start, answer, counters))

    async def withdraw(self) -> None:
        """There is no job: what was reserved is free."""
        if self.ask.last is None:
            await self._settle(Came(self.ask.name, self._api))
            self.ask.start = None

    async def _settle(self, came: Came) -> None:
        await blocking(self.ask.way.records.settle, self.lease, came)

    @property
    def _api(self) -> str:
        return self.ask.way.choice.api.name


async def blocking(do: Callable[..., T], *arguments: object) -> T:
    return await asyncio.to_thread(do, *arguments)
