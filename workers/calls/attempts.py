"""How one call is attempted: gate, intent, request, answer, what went wrong, settled, another try. Retries live here
alone.

Rule: every attempt passes the turnstile and has an intent before it is sent; what came of it is settled at once.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

from jobs.apis import Request
from jobs.attempts import NONE, Attempts, Mark, Tried
from jobs.aws.faults import Fault, Kind, understand, unreadable
from jobs.aws.object_faults import named
from jobs.items import Item
from jobs.ledger import WELL, Attempt, Lease
from jobs.media.prepare import Prepared
from jobs.outcomes import Outcome
from workers import memory
from workers.calls import rows
from workers.calls.proof import Doubt
from workers.calls.roads import Road, Roads
from workers.calls.streak import Streak, Undecided
from workers.calls.tries import TryAgain, persistently
from workers.calls.waiting import Seat, sleep
from workers.gate.gate import Stopped
from workers.journal.journal import Journal

log = logging.getLogger(__name__)

_MARKS: dict[Kind, Mark] = {Kind.UNKNOWN: "u", Kind.THROTTLED: "t"}  # the others: not billed
_SAMPLE = 300  # characters of what went wrong that a blocked job shows


class JobFault(Exception):
    """An error that every call of the job will meet."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Keep(Protocol):
    """Keeps the outcomes of the call, and the mark of the attempt that they came of; `at`: the suffix of its road."""

    def __call__(
        self, outcomes: list[Outcome], number: int = 0, mark: Mark | Literal[""] = "", tells: str = "", at: str = "", /
    ) -> list[Outcome]: ...


@dataclass(frozen=True, slots=True)
class OneCall:
    """One call: what is asked about a picture, and for whom."""

    request: Request
    keep: Keep
    item: Item
    picture: Prepared
    lease: Lease
    name: str  # in the journal
    attempts: dict[str, Attempts]
    stop: threading.Event
    place: Seat  # among those that wait at the gate
    only: Road | None = None  # the one that the picture can go
    stays: bool = False  # it would be sent as it is on no other


class Making(Protocol):
    """One call on its way."""

    async def run(self, started: datetime) -> list[Outcome]: ...


class Way(Protocol):
    """How the calls of one request of one job are made, in this process."""

    @property
    def asking(self) -> Streak:
        """Refusals by who answers."""

    @property
    def roads(self) -> Roads | None:
        """Where they go; None: nowhere, they are answered here."""

    def of(self, call: OneCall, /) -> Making: ...


@dataclass(frozen=True, slots=True)
class PaidWay:
    """What calls go through that somebody may be paid for."""

    roads: Roads
    journal: Journal
    at_once: asyncio.Semaphore  # calls under way
    asking: Streak = field(default_factory=Streak)  # refusals by Rekognition

    def of(self, call: OneCall) -> "CallAttempts":
        return CallAttempts(self, call)


@dataclass(slots=True)
class CallAttempts:
    """The attempts at one call, under tenacity.

    Rule: whatever way an attempt ends, its mark is settled and stands in `attempts`.
    """

    way: PaidWay
    call: OneCall
    ticket: int = 0  # of the permit of the last attempt
    number: int = 0  # of the attempt under way, else of the last one
    pool: str = ""  # in which it was begun
    road: Road = field(init=False)  # of the last attempt
    under_way: bool = False

    def __post_init__(self) -> None:
        self.road = self.call.only or self.way.roads.all[0]

    async def run(self, started: datetime) -> list[Outcome]:
        arguments = self.call.request.arguments(self.call.picture.image, self.call.item)
        self.number = (
            max(attempts.next_of(self.call.lease.fence) for attempts in (*self.call.attempts.values(), NONE)) - 1
        )
        try:
            return await persistently(lambda: self._once(arguments, started), partial(sleep, self.call.stop))
        except TryAgain as last:
            if last.fault.kind is Kind.AWAY and not self.way.roads.several:
                raise JobFault(last.fault) from last
            # The last attempt's mark is settled already; this only keeps the row.
            raise self._undecided(last.fault, started) from last

    async def _once(self, arguments: dict[str, Any], started: datetime) -> list[Outcome]:
        async with self.way.at_once:
            await self._door()
            try:
                return await self._ask(arguments, started)
            finally:
                if self.under_way:  # no memory for its answer, or this process ends
                    self._settle("u")

    async def _ask(self, arguments: dict[str, Any], started: datetime) -> list[Outcome]:
        before = time.monotonic()
        try:
            response = await self.road.method(**arguments)
        except Doubt as doubt:  # AWS has answered, but not said which picture it means
            with doubt:
                self._settle("b", tells=WELL)
                await self._door()
                return await self._ask(doubt.arguments, started)
        except Exception as error:
            if memory.is_short(error):
                raise
            return await self._went_wrong(understand(error, self.call.request.operation), started)
        took = time.monotonic() - before
        if not any(key in response for choice in self.call.request.choices for key in choice.api.answer_keys):
            return await self._went_wrong(unreadable(response), started)
        return self._answered(response, started, took)

    def _answered(
        self, response: Mapping[str, Any], started: datetime, took: float | None = None, code: str | None = None
    ) -> list[Outcome]:
        """Keep an answer, in whatever form it can be kept."""
        before = dict(self.call.attempts)
        self.way.asking.end()
        self.road.refusal = None
        self.road.hold.answered()
        call = (self.call.request, self.call.item, response, self.call.attempts, self.call.picture, started)
        try:
            self._note("b")
            return self._settled("b", rows.answered(*call, took, code, self.road.name), WELL)
        except MemoryError:
            self.call.attempts.update(before)
            raise
        except Exception as error:
            log.warning("an answer of %s cannot be stored: %s", self.call.name, error)
            return self._settled("b", rows.unstorable(*call, str(error)), WELL)

    async def _door(self) -> None:
        """Wait for a service that is not well, the rate, the budget; the intent stands when this returns."""
        self.number += 1
        go = "hold"
        while go == "hold":
            self.road, self.ticket = await self.way.roads.pass_through(
                self.call.stop, self.call.only, stays=self.call.stays
            )
            go, _, more = (await self._word()).partition(" ")
            if go == "hold":
                ms, _, shut = more.partition(" ")
                self.road.hold.back_off(int(ms) / 1000, shut=bool(shut))
        self.pool = more
        if go != "go":
            if go != "answered":  # that one is found by who takes the shard next
                self.call.stop.set()
            raise Stopped
        self.under_way = True
        self.call.place.release()

    async def _word(self) -> str:
        """The door's, once no call under way may free the budget for this one."""
        try:
            while (word := await self._begin()) == "wait":
                await sleep(self.call.stop, 0.1)
        except asyncio.CancelledError:  # the intent may stand all the same
            self.way.journal.settle(self.call.lease, Attempt(self.call.name, self._asked, self.number, "n"))
            raise
        return word

    async def _begin(self) -> str:
        return await self.way.journal.begin(self.call.lease, self.call.name, self._asked, self.number)

    @property
    def _asked(self) -> str:
        """The request, and where."""
        return self.call.request.name + self.road.suffix

    async def _went_wrong(self, fault: Fault, started: datetime) -> list[Outcome]:
        stands_for = next(
            (
                r
                for c in self.call.request.choices
                if (r := c.api.answer_for_error(fault.code, fault.message)) is not None
            ),
            None,
        )
        if stands_for is not None:
            return self._answered(stands_for, started, code=fault.code)
        if fault.kind is Kind.JOB and self.way.roads.several and not self.way.roads.all_refuse(self.road, fault):
            fault = replace(fault, kind=Kind.TRANSIENT)  # of this place: others take its calls (health.lua)
        mark = _MARKS.get(fault.kind, "n")
        if fault.kind is Kind.DENIED:
            fault = named(fault, self.call.item)
        elif fault.kind is Kind.ITEM:  # AWS has looked at the picture
            self.way.asking.end()
        if fault.kind is Kind.ITEM or (fault.kind is Kind.DENIED and self.way.asking.over):
            self._note(mark)
            return self._settled(mark, self._failed(fault, started), WELL if fault.kind is Kind.ITEM else "")
        self._settle(mark, f"throttled:{self.call.request.name}" if fault.kind is Kind.THROTTLED else "", _told(fault))
        if fault.kind is Kind.JOB or (fault.kind is Kind.DENIED and self.way.asking.refused()):
            raise JobFault(fault)
        if fault.kind is Kind.DENIED:
            raise self._undecided(fault, started)
        if fault.kind is Kind.THROTTLED:
            await self.road.turnstile.throttled(self.ticket)
        raise TryAgain(fault)

    def _undecided(self, fault: Fault, started: datetime) -> Undecided:
        return Undecided(fault, partial(self.call.keep, self._failed(fault, started)))

    def _failed(self, fault: Fault, started: datetime) -> list[Outcome]:
        call = (self.call.request, self.call.item, fault, self.call.attempts, self.call.picture, started)
        return rows.failed(*call, self.road.name)

    def _note(self, mark: Mark) -> None:
        """The attempt under way has come to this."""
        made = Attempts({(self.call.lease.fence, self.number): Tried(mark, self.pool)})
        for choice in self.call.request.choices:
            self.call.attempts[choice.api.name] = self.call.attempts.get(choice.api.name, NONE) | made

    def _settle(self, mark: Mark, counter: str = "", tells: str = "") -> None:
        """The attempt is over, and the call has no outcome yet."""
        self._note(mark)
        attempt = Attempt(self.call.name, self._asked, self.number, mark, b"", counter, tells)
        self.way.journal.settle(self.call.lease, attempt)
        self.under_way = False

    def _settled(self, mark: Mark, outcomes: list[Outcome], tells: str = "") -> list[Outcome]:
        """The attempt is over, and the call has its outcomes."""
        kept = self.call.keep(outcomes, self.number, mark, tells, self.road.suffix)
        self.under_way = False
        return kept


def _told(fault: Fault) -> str:
    """What a failure tells of the service."""
    if not fault.of_service:
        return ""
    sample = " ".join(f"{fault.code}: {fault.message}".split())
    return f"{rows.storable(sample)[:_SAMPLE]}\n{fault.do}"
