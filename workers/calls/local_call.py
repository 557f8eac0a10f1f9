"""A look of the bundled models at one picture: nobody is paid, so it takes no permit, no intent and no mark.

Rule: its outcome is journalled as any, so that no other holder looks again; what of the models does not work is the
job's trouble, what they make of a picture is the picture's.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from jobs.apis import Request
from jobs.attempts import Attempts
from jobs.aws.faults import Fault, Kind, understand
from jobs.items import Item
from jobs.ledger import Lease
from jobs.media.prepare import Prepared
from jobs.outcomes import Outcome
from workers import memory
from workers.calls import rows
from workers.calls.attempts import JobFault, Keep
from workers.calls.streak import Streak
from workers.calls.tries import TRIES, TryAgain, persistently
from workers.calls.waiting import Seat, sleep
from workers.gate.gate import Stopped
from workers.local_models import LocalModels


@dataclass(frozen=True, slots=True)
class LocalWay:
    """What looks go through: as many at once, of all jobs and requests of a process, as this host has cores."""

    models: LocalModels
    asking: Streak = field(default_factory=Streak)
    roads: None = None

    def of(
        self,
        request: Request,
        keep: Keep,
        item: Item,
        picture: Prepared,
        lease: Lease,
        name: str,
        attempts: dict[str, Attempts],
        stop: threading.Event,
        place: Seat,
        only: object,
    ) -> "LocalLook":
        return LocalLook(self.models, request, keep, item, picture, stop, place)


@dataclass(frozen=True, slots=True)
class LocalLook:
    models: LocalModels
    request: Request
    keep: Keep
    item: Item
    picture: Prepared
    stop: threading.Event
    place: Seat

    async def run(self, started: datetime) -> list[Outcome]:
        arguments = self.request.arguments(self.picture.image, self.item)
        try:
            return await persistently(partial(self._once, arguments, started), partial(sleep, self.stop))
        except TryAgain as last:
            if last.fault.kind is Kind.AWAY:
                raise JobFault(last.fault) from last
            return self._failed(last.fault, started)

    async def _once(self, arguments: Mapping[str, Any], started: datetime) -> list[Outcome]:
        async with self.models.at_once:
            self.place.release()
            if self.stop.is_set():
                raise Stopped
            before = time.monotonic()
            try:
                response = await self.models.ask(self.request.operation, arguments)
            except Exception as error:
                if memory.is_short(error):
                    raise
                return self._went_wrong(understand(error, self.request.operation), started)
            took = time.monotonic() - before
        return self.keep(rows.answered(self.request, self.item, response, {}, self.picture, started, took))

    def _went_wrong(self, fault: Fault, started: datetime) -> list[Outcome]:
        if fault.kind is Kind.JOB:
            raise JobFault(fault)
        if fault.kind in TRIES:
            raise TryAgain(fault)
        return self._failed(fault, started)

    def _failed(self, fault: Fault, started: datetime) -> list[Outcome]:
        return self.keep(rows.failed(self.request, self.item, fault, {}, self.picture, started))
