"""One call on a film: known, or started and read. It waits on the event loop, whatever AWS takes.

Rule: stages that each end in the call's outcome or in what the next one needs.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

from jobs.folder.video_pages import PagesName
from jobs.ledger import Lease
from jobs.uris import is_local
from workers.videos.ask import FilmAsk
from workers.videos.reading import Reading
from workers.videos.record import Record, blocking
from workers.videos.starting import Starting


@dataclass(slots=True)
class FilmCall:
    """`door`: those of a job that are to be started come to it one after another; `paused`: whether nothing is to be
    started just now."""

    ask: FilmAsk
    lease: Lease
    stop: threading.Event
    door: asyncio.Lock
    paused: Callable[[], bool]

    async def run(self) -> None:
        """Fill `ask.rows`. Raises Stopped or JobFault."""
        ask, record = self.ask, Record(self.ask, self.lease)
        if await self._is_known(record):
            return
        if ask.start is not None and ask.start.job_id is not None:
            await blocking(ask.way.slots.is_open, ask.start.token)
        elif not await Starting(record, self.stop, self.door, self.paused).run():
            return
        await Reading(record, self.stop).run()

    async def _is_known(self, record: Record) -> bool:
        """Whether the home has the answer; asked of what is to be asked for the first time."""
        ask, way = self.ask, self.ask.way
        staged = way.staging is not None and is_local(ask.film.uri)  # what is asked about is not here yet
        if ask.begun or ask.last is not None or ask.epoch or staged:
            return False
        name = PagesName(way.choice.api.name, ask.film.item_id)
        found = await blocking(way.known.copied, ask.question, name)
        if found is not None:
            await record.keep(ask.subject.known(found.row, found.job, name.epoch))
        return found is not None
