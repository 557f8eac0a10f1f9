"""A look of the bundled models at one picture: nobody is paid, so it takes no permit, no intent and no mark.

Rule: its outcome is journalled as any, so that no other holder looks again; what of the models does not work is the
job's trouble, what they make of a picture is the picture's.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from jobs.aws.faults import Fault, Kind, understand
from jobs.outcomes import Outcome
from workers import memory
from workers.calls import rows
from workers.calls.attempts import JobFault, OneCall
from workers.calls.streak import Streak
from workers.calls.tries import TRIES, TryAgain, persistently
from workers.calls.waiting import sleep
from workers.gate.gate import Stopped
from workers.local_models import LocalModels


@dataclass(frozen=True, slots=True)
class LocalWay:
    """What looks go through: as many at once, of all jobs and requests of a process, as this host has cores."""

    models: LocalModels
    asking: Streak = field(default_factory=Streak)
    roads: None = None

    def of(self, call: OneCall) -> "LocalLook":
        return LocalLook(self.models, call)


@dataclass(frozen=True, slots=True)
class LocalLook:
    models: LocalModels
    call: OneCall

    async def run(self, started: datetime) -> list[Outcome]:
        arguments = self.call.request.arguments(self.call.picture.image, self.call.item)
        try:
            return await persistently(partial(self._once, arguments, started), partial(sleep, self.call.stop))
        except TryAgain as last:
            if last.fault.kind is Kind.AWAY:
                raise JobFault(last.fault) from last
            return self._failed(last.fault, started)

    async def _once(self, arguments: Mapping[str, Any], started: datetime) -> list[Outcome]:
        async with self.models.at_once:
            self.call.place.release()
            if self.call.stop.is_set():
                raise Stopped
            before = time.monotonic()
            try:
                response = await self.models.ask(self.call.request.operation, arguments)
            except Exception as error:
                if memory.is_short(error):
                    raise
                return self._went_wrong(understand(error, self.call.request.operation), started)
            took = time.monotonic() - before
        return self.call.keep(
            rows.answered(self.call.request, self.call.item, response, {}, self.call.picture, started, took)
        )

    def _went_wrong(self, fault: Fault, started: datetime) -> list[Outcome]:
        if fault.kind is Kind.JOB:
            raise JobFault(fault)
        if fault.kind in TRIES:
            raise TryAgain(fault)
        return self._failed(fault, started)

    def _failed(self, fault: Fault, started: datetime) -> list[Outcome]:
        return self.call.keep(rows.failed(self.call.request, self.call.item, fault, {}, self.call.picture, started))
