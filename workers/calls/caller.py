"""One call: prepare the picture, pass the gate, write the intent, ask AWS, keep the answer. Retries live here alone.

Rule: every attempt passes the turnstile and has an intent before it is sent; what came of it is settled at once.
"""

import asyncio
import copy
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Protocol

from jobs.apis import Request
from jobs.attempts import NONE, Attempts, ByApi, Mark, Tried
from jobs.aws.faults import Fault, Kind, understand
from jobs.aws.lean.methods import Method
from jobs.aws.object_faults import named
from jobs.codes import Code
from jobs.items import Item
from jobs.ledger import Attempt, Lease
from jobs.media.check import Skip
from jobs.media.file_faults import of_machine
from jobs.media.prepare import Prepared
from jobs.outcomes import Outcome
from workers.calls import rows
from workers.calls.known import Known, Later
from workers.calls.proof import Doubt
from workers.calls.streak import Streak, Undecided
from workers.calls.tries import TRIES, TryAgain, persistently
from workers.gate.gate import Stopped, Turnstile, sleep_until
from workers.journal.journal import Journal
from workers.journal.packing import counters_of, encode

log = logging.getLogger(__name__)

_MARKS: dict[Kind, Mark] = {Kind.UNKNOWN: "u", Kind.THROTTLED: "t"}  # the others: not billed
_WAITING = 32  # pictures being prepared, or ready and waiting at the gate: more would only hold memory


class JobFault(Exception):
    """An error that every call of the job will meet."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Pictures(Protocol):
    """Where the pictures of one request come from."""

    def prepare(self, item: Item) -> Prepared | Skip: ...

    def may_block(self, item: Item) -> bool:
        """False: `prepare` gives this item without reading anything."""


class Caller:
    """Makes the calls of one request for one job, on the event loop. What may block (files, S3, what is known) is done
    in `threads`."""

    def __init__(
        self,
        request: Request,
        method: Method,
        pictures: Pictures,
        turnstile: Turnstile,
        journal: Journal,
        known: Known,
        threads: Executor,
        *,
        at_once: int,
    ) -> None:
        """`at_once`: calls under way, at most."""
        self.request = request
        self._all = request
        self._beside: list[Outcome] = []  # known rows that join those of a call made for the other APIs alone
        self._known = known
        self._method = method
        self._pictures = pictures
        self._turnstile = turnstile
        self._journal = journal
        self._threads = threads
        self._at_once = asyncio.Semaphore(at_once)
        self._waiting = asyncio.Semaphore(min(_WAITING, at_once))
        self.reading, self.asking = Streak(), Streak()  # refusals by S3, and by Rekognition

    async def call(
        self,
        item: Item,
        lease: Lease,
        attempts: dict[str, Attempts],
        stop: threading.Event,
        content: str | None = None,
    ) -> list[Outcome]:
        """The outcomes of one item, one per API of the request. `attempts`: those made so far, by API; the ones made
        here are added, whatever comes of them. `content`: what the item is, where an earlier call told (Later).

        Raises Stopped (nothing more is to be sent), Later (ask again: a duplicate is under way), Undecided (refused,
        perhaps for this item alone), JobFault, or MemoryError (the worker's trouble, not the item's).
        """
        try:
            async with _Place(self._waiting) as place:
                if stop.is_set():
                    raise Stopped
                return await self._call(item, lease, attempts, stop, content, place)
        except (Stopped, Later, Undecided):
            raise
        except (JobFault, MemoryError):
            stop.set()
            raise
        except Exception as error:
            # An item's trouble, even with our own code, is a row: its shard mates go on.
            log.exception("%s of item %s", self.request.name, item.item_id)
            return self.give_up(item, lease, attempts, type(error).__name__, str(error))

    def give_up(self, item: Item, lease: Lease, attempts: ByApi, code: str, message: str) -> list[Outcome]:
        """Failed rows for a call that is not to be tried."""
        outcomes = rows.failed(self.request, item, Fault(Kind.ITEM, code, message), attempts)
        return self._keep(lease, self.name(item), outcomes)

    def name(self, item: Item) -> str:
        """The call's name in the journal."""
        return f"{item.item_id}:{self._all.name}"

    async def _call(
        self,
        item: Item,
        lease: Lease,
        attempts: dict[str, Attempts],
        stop: threading.Event,
        content: str | None,
        place: "_Place",
    ) -> list[Outcome]:
        started = datetime.now(UTC)
        rest, picture = await self._looked_at(item, attempts, stop, content)
        name = self.name(item)
        if picture is None:
            return rest._keep(lease, name, [])
        if isinstance(picture, Skip) and picture.fault:
            return rest._refused(item, lease, attempts, picture.fault)
        self.reading.end()
        if isinstance(picture, Skip):
            return rest._keep(lease, name, rows.skipped(rest.request, item, picture, attempts))
        with picture:
            return await _Attempts(rest, item, picture, lease, name, attempts, stop, place).run(started)

    async def _looked_at(
        self, item: Item, attempts: ByApi, stop: threading.Event, content: str | None
    ) -> "tuple[Caller, Prepared | Skip | None]":
        """As `_ready`; trouble that passes (of a network, a disk, S3 itself) is waited for."""
        loop = asyncio.get_running_loop()

        async def look() -> "tuple[Caller, Prepared | Skip | None]":
            try:
                if self._known.may_block() or self._pictures.may_block(item):
                    ready = await loop.run_in_executor(self._threads, self._ready, item, attempts, stop, content)
                else:
                    ready = self._ready(item, attempts, stop, content)
            except OSError as error:  # no decoder can be started, no earlier answer be read
                raise TryAgain(of_machine(error, item.uri)) from error
            fault = ready[1].fault if isinstance(ready[1], Skip) else None
            if fault is not None and fault.kind in TRIES:
                raise TryAgain(fault)
            return ready

        try:
            return await persistently(look, partial(_sleep, stop))
        except TryAgain as last:
            if last.fault.kind is Kind.AWAY:
                raise JobFault(last.fault) from last
            return self, Skip(Code.UNREADABLE, last.fault.message, fault=replace(last.fault, kind=Kind.DENIED))

    def _refused(self, item: Item, lease: Lease, attempts: ByApi, fault: Fault) -> list[Outcome]:
        """Failed rows of a picture that could not be read, unless it fares as every other so far."""
        if fault.kind is Kind.JOB or (fault.kind is Kind.DENIED and self.reading.refused()):
            raise JobFault(fault)
        if fault.kind is Kind.DENIED and not self.reading.over:
            raise Undecided(fault)
        return self.give_up(item, lease, attempts, fault.code, fault.message)

    def _ready(
        self, item: Item, attempts: ByApi, stop: threading.Event, content: str | None
    ) -> "tuple[Caller, Prepared | Skip | None]":
        """This caller for what is not known, and the picture to send; None when everything is known. May block."""
        content = content or self._known.listed(item)
        rest = self._without(self._known.rows(item, self.request, content, stop), attempts)
        if not rest.request.choices:
            return rest, None
        picture = self._pictures.prepare(item)
        if isinstance(picture, Skip) or picture.content == content:
            return rest, picture
        with ExitStack() as held:
            held.enter_context(picture)
            rest = self._without(self._known.rows(item, self.request, picture.content, stop), attempts)
            if not rest.request.choices:
                return rest, None
            held.pop_all()
            return rest, picture

    def _without(self, known: list[Outcome], attempts: ByApi) -> "Caller":
        """This caller for the APIs that are not known. Attempts that were made before count on the rows that are."""
        if not known:
            return self
        apis = {row.api for row in known}
        rest = copy.copy(self)
        rest.request = Request(tuple(choice for choice in self.request.choices if choice.api.name not in apis))
        rest._beside = rows.owned_up(known, attempts)
        return rest

    def _keep(
        self, lease: Lease, name: str, outcomes: list[Outcome], number: int = 0, mark: Mark | Literal[""] = ""
    ) -> list[Outcome]:
        if self._beside:
            apis = [choice.api.name for choice in self._all.choices]
            outcomes = sorted([*outcomes, *self._beside], key=lambda row: apis.index(row.api))
        attempt = Attempt(name, self.request.name, number, mark, encode(outcomes), counters_of(outcomes))
        self._journal.settle(lease, attempt)
        return outcomes


class _Place:
    """A place of a semaphore, given back early or at the end."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._taken = False

    async def __aenter__(self) -> "_Place":
        await self._semaphore.acquire()
        self._taken = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        if self._taken:
            self._semaphore.release()
            self._taken = False


@dataclass(slots=True)
class _Attempts:
    """The attempts at one call, under tenacity.

    Rule: whatever way an attempt ends, its mark is settled and stands in `attempts`.
    """

    caller: Caller
    item: Item
    picture: Prepared
    lease: Lease
    name: str
    attempts: dict[str, Attempts]
    stop: threading.Event
    place: _Place  # among those that wait at the gate
    ticket: int = 0  # of the permit of the last attempt
    number: int = 0  # of the attempt under way, else of the last one
    month: str = ""  # in which it was begun
    under_way: bool = False

    async def run(self, started: datetime) -> list[Outcome]:
        caller = self.caller
        arguments = caller.request.arguments(self.picture.image, self.item)
        self.number = max(attempts.next_of(self.lease.fence) for attempts in (*self.attempts.values(), NONE)) - 1
        try:
            return await persistently(lambda: self._once(arguments, started), partial(_sleep, self.stop))
        except TryAgain as last:
            if last.fault.kind is Kind.AWAY:
                raise JobFault(last.fault) from last
            # The last attempt's mark is settled already; this only keeps the row.
            outcomes = rows.failed(caller.request, self.item, last.fault, self.attempts, self.picture, started)
            return caller._keep(self.lease, self.name, outcomes)

    async def _once(self, arguments: dict[str, Any], started: datetime) -> list[Outcome]:
        async with self.caller._at_once:
            await self._door()
            try:
                return await self._ask(arguments, started)
            finally:
                if self.under_way:  # no memory for its answer, or this process ends
                    self._settle("u")

    async def _ask(self, arguments: dict[str, Any], started: datetime) -> list[Outcome]:
        caller = self.caller
        before = time.monotonic()
        try:
            response = await caller._method(**arguments)
        except MemoryError:
            raise
        except Doubt as doubt:  # AWS has answered, but not said which picture it means
            with doubt:
                self._settle("b")
                await self._door()
                return await self._ask(doubt.arguments, started)
        except Exception as error:
            return await self._went_wrong(understand(error, caller.request.operation), started)
        took = time.monotonic() - before
        if not any(key in response for choice in caller.request.choices for key in choice.api.answer_keys):
            # botocore reads a body that is not JSON (a proxy's page, a cut answer) as an answer without members.
            fault = Fault(Kind.UNKNOWN, Code.UNREADABLE_ANSWER, "the answer's body is not what the service sends")
            return await self._went_wrong(fault, started)
        return self._answered(response, started, took)

    def _answered(
        self, response: Mapping[str, Any], started: datetime, took: float | None = None, code: str | None = None
    ) -> list[Outcome]:
        """Keep an answer, in whatever form it can be kept."""
        caller, before = self.caller, dict(self.attempts)
        caller.asking.end()
        call = (caller.request, self.item, response, self.attempts, self.picture, started)
        try:
            self._note("b")
            return self._settled("b", rows.answered(*call, took, code))
        except MemoryError:
            self.attempts.update(before)
            raise
        except Exception as error:
            log.warning("an answer of %s cannot be stored: %s", self.name, error)
            return self._settled("b", rows.unstorable(*call, str(error)))

    async def _door(self) -> None:
        """Wait for the rate, then for the budget; the intent stands when this returns."""
        caller = self.caller
        self.ticket = await caller._turnstile.pass_through(self.stop)
        self.number += 1
        try:
            while (word := await self._begin()) == "wait":
                await _sleep(self.stop, 0.1)
        except asyncio.CancelledError:  # the intent may stand all the same
            caller._journal.settle(self.lease, Attempt(self.name, caller.request.name, self.number, "n"))
            raise
        go, _, self.month = word.partition(" ")
        if go != "go":
            if go != "answered":  # that one is found by who takes the shard next
                self.stop.set()
            raise Stopped
        self.under_way = True
        self.place.release()

    async def _begin(self) -> str:
        return await self.caller._journal.begin(self.lease, self.name, self.caller.request.name, self.number)

    async def _went_wrong(self, fault: Fault, started: datetime) -> list[Outcome]:
        caller = self.caller
        stands_for = next(
            (r for c in caller.request.choices if (r := c.api.answer_for_error(fault.code, fault.message)) is not None),
            None,
        )
        if stands_for is not None:
            return self._answered(stands_for, started, code=fault.code)
        mark = _MARKS.get(fault.kind, "n")
        if fault.kind is Kind.DENIED:
            fault = named(fault, self.item)
        elif fault.kind is Kind.ITEM:  # AWS has looked at the picture
            caller.asking.end()
        if fault.kind is Kind.ITEM or (fault.kind is Kind.DENIED and caller.asking.over):
            self._note(mark)
            return self._settled(
                mark, rows.failed(caller.request, self.item, fault, self.attempts, self.picture, started)
            )
        self._settle(mark, f"throttled:{caller.request.name}" if fault.kind is Kind.THROTTLED else "")
        if fault.kind is Kind.JOB or (fault.kind is Kind.DENIED and caller.asking.refused()):
            raise JobFault(fault)
        if fault.kind is Kind.DENIED:
            raise Undecided(fault)
        if fault.kind is Kind.THROTTLED:
            await caller._turnstile.throttled(self.ticket)
        raise TryAgain(fault)

    def _note(self, mark: Mark) -> None:
        """The attempt under way has come to this."""
        made = Attempts({(self.lease.fence, self.number): Tried(mark, self.month)})
        for choice in self.caller.request.choices:
            self.attempts[choice.api.name] = self.attempts.get(choice.api.name, NONE) | made

    def _settle(self, mark: Mark, counter: str = "") -> None:
        """The attempt is over, and the call has no outcome yet."""
        self._note(mark)
        attempt = Attempt(self.name, self.caller.request.name, self.number, mark, b"", counter)
        self.caller._journal.settle(self.lease, attempt)
        self.under_way = False

    def _settled(self, mark: Mark, outcomes: list[Outcome]) -> list[Outcome]:
        """The attempt is over, and the call has its outcomes."""
        kept = self.caller._keep(self.lease, self.name, outcomes, self.number, mark)
        self.under_way = False
        return kept


async def _sleep(stop: threading.Event, seconds: float) -> None:
    await sleep_until(time.monotonic() + seconds, stop)
