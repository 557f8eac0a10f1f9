"""One call: whom to ask about which picture, and what rows come of it. How it is attempted: attempts.py.

Rule: whatever becomes of a call, its rows and attempts are settled in the journal.
"""

import asyncio
import copy
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Protocol

from jobs.apis import Request
from jobs.attempts import Attempts, ByApi, Mark
from jobs.aws.faults import Fault, Kind
from jobs.codes import Code
from jobs.items import Item
from jobs.ledger import Attempt, Lease
from jobs.media.check import Skip
from jobs.media.file_faults import of_machine
from jobs.media.prepare import Prepared
from jobs.outcomes import Outcome
from workers import memory
from workers.calls import rows
from workers.calls.attempts import JobFault, OneCall, Way
from workers.calls.copies import Later
from workers.calls.known import Known
from workers.calls.roads import WAITING, Elsewhere, Road
from workers.calls.streak import Streak, Undecided
from workers.calls.tries import TRIES, TryAgain, persistently
from workers.calls.waiting import Seat, sleep
from workers.gate.gate import Stopped
from workers.journal.journal import Journal
from workers.journal.packing import counters_of, encode

log = logging.getLogger(__name__)


class Pictures(Protocol):
    """Where the pictures of one request come from."""

    def prepare(self, item: Item, *, as_object: bool | None) -> Prepared | Skip:
        """`as_object`: whether an S3 object goes to where its bucket is; None: the picture goes to one place alone."""

    def may_block(self, item: Item) -> bool:
        """False: `prepare` gives this item without reading anything."""

    def bucket_region(self, item: Item) -> str | None:
        """Where an S3 object lies that Rekognition may read itself; None: it may not. May block."""

    def stays(self, item: Item) -> bool:
        """Whether that object would not be sent as it is in any other way. May block."""


class Caller:
    """Makes the calls of one request for one job, on the event loop. What may block (files, S3, what is known) is done
    in `threads`."""

    def __init__(
        self,
        request: Request,
        way: Way,
        pictures: Pictures,
        journal: Journal,
        known: Known,
        threads: Executor,
        *,
        at_once: int,
    ) -> None:
        """`at_once`: calls of its way that are under way at once."""
        self.request = request
        self._all = request
        self._beside: list[Outcome] = []  # known rows that join those of a call made for the other APIs alone
        self._known = known
        self._pictures = pictures
        self._journal = journal
        self._threads = threads
        self._way = way
        self._roads = way.roads if way.roads is not None and way.roads.several else None  # a choice of them
        self._waiting = asyncio.Semaphore(way.roads.seats if way.roads is not None else min(WAITING, at_once))
        self._looking: set[asyncio.Task[Any] | None] = set()  # whose pictures are read just now
        self.reading, self.asking = Streak(), self._way.asking  # refusals by S3, and by Rekognition

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

        Raises Stopped (nothing more is to be sent), Later (ask again: a duplicate is under way), Undecided (it failed,
        perhaps for this item alone), JobFault, or MemoryError (the worker's trouble, not the item's).
        """
        try:
            async with Seat(self._waiting) as place:
                if stop.is_set():
                    raise Stopped
                return await self._call(item, lease, attempts, stop, content, place)
        except (Stopped, Later, Undecided):
            raise
        except JobFault:
            stop.set()
            raise
        except Exception as error:
            if memory.is_short(error):
                stop.set()
                raise MemoryError(str(error)) from error
            # An item's trouble, even with our own code, is a row: its shard mates go on.
            log.exception("%s of item %s", self.request.name, item.item_id)
            return self.give_up(item, lease, attempts, type(error).__name__, str(error))

    def give_up(self, item: Item, lease: Lease, attempts: ByApi, code: str, message: str) -> list[Outcome]:
        """Failed rows for a call that is not to be tried."""
        outcomes = rows.failed(self.request, item, Fault(Kind.ITEM, code, message), attempts)
        return self._keep(lease, self.name(item), outcomes)

    def not_asked(self, item: Item, lease: Lease, attempts: ByApi, code: str, message: str) -> list[Outcome]:
        """Rows for a call whose condition does not hold, or cannot be decided."""
        return self._keep(lease, self.name(item), rows.not_asked(self.request, item, code, message, attempts))

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
        place: "Seat",
    ) -> list[Outcome]:
        while True:
            only, stays = await self._one_way(item, place)
            try:
                return await self._go(item, lease, attempts, stop, content, place, only, stays)
            except Elsewhere:
                continue

    async def _one_way(self, item: Item, place: Seat) -> tuple[Road | None, bool]:
        """Of several roads the one that an S3 object is to go as it is (None: its bytes go, to any place), and whether
        it would not be sent as it is on others."""
        if self._roads is None or not item.uri.startswith("s3://"):
            return None, False
        loop = asyncio.get_running_loop()
        with self._may_be_left():
            region, stays = await loop.run_in_executor(self._threads, self._lies, item)
        road = self._roads.for_object(region, stays=stays)
        place.heads_for(road)
        return road, stays

    def _lies(self, item: Item) -> tuple[str | None, bool]:
        region = self._pictures.bucket_region(item)
        return region, region is not None and self._pictures.stays(item)

    async def _go(
        self,
        item: Item,
        lease: Lease,
        attempts: dict[str, Attempts],
        stop: threading.Event,
        content: str | None,
        place: Seat,
        only: Road | None,
        stays: bool,
    ) -> list[Outcome]:
        started = datetime.now(UTC)
        as_object = only is not None if self._roads is not None else None
        rest, picture = await self._looked_at(item, attempts, stop, content, as_object)
        name = self.name(item)
        if picture is None:
            return rest._keep(lease, name, [])
        if isinstance(picture, Skip) and picture.fault:
            return rest._refused(item, lease, attempts, picture.fault)
        self.reading.end()
        if isinstance(picture, Skip):
            return rest._keep(lease, name, rows.skipped(rest.request, item, picture, attempts))
        with picture:
            keep = partial(rest._keep, lease, name)
            if picture.sent != "s3":
                place.heads_for(only := None)
            call = OneCall(rest.request, keep, item, picture, lease, name, attempts, stop, place, only, stays)
            return await self._way.of(call).run(started)

    async def _looked_at(
        self, item: Item, attempts: ByApi, stop: threading.Event, content: str | None, as_object: bool | None
    ) -> "tuple[Caller, Prepared | Skip | None]":
        """As `_ready`; trouble that passes (of a network, a disk, S3 itself) is waited for."""
        loop = asyncio.get_running_loop()
        ready_of = partial(self._ready, item, attempts, stop, content, as_object)

        async def look() -> "tuple[Caller, Prepared | Skip | None]":
            try:
                if self._may_block(item):
                    with self._may_be_left():
                        ready = await loop.run_in_executor(self._threads, ready_of)
                else:
                    ready = ready_of()
            except OSError as error:  # no decoder can be started, no earlier answer be read
                raise TryAgain(of_machine(error, item.uri)) from error
            fault = ready[1].fault if isinstance(ready[1], Skip) else None
            if fault is not None and fault.kind in TRIES:
                raise TryAgain(fault)
            return ready

        try:
            return await persistently(look, partial(sleep, stop))
        except TryAgain as last:
            if last.fault.kind is Kind.AWAY:
                raise JobFault(last.fault) from last
            return self, Skip(Code.UNREADABLE, last.fault.message, fault=replace(last.fault, kind=Kind.DENIED))

    def _may_block(self, item: Item) -> bool:
        return self._known.may_block() or self._roads is not None or self._pictures.may_block(item)

    def leave(self) -> None:
        """The process ends: calls whose pictures are still being read raise Stopped, the readers are left behind."""
        for task in self._looking:
            if task is not None:
                task.cancel()

    @contextmanager
    def _may_be_left(self) -> Iterator[None]:
        task = asyncio.current_task()
        self._looking.add(task)
        try:
            yield
        except asyncio.CancelledError:
            raise Stopped from None
        finally:
            self._looking.discard(task)

    def _refused(self, item: Item, lease: Lease, attempts: ByApi, fault: Fault) -> list[Outcome]:
        """Failed rows of a picture that could not be read, unless every other so far could not be read either."""
        if fault.kind is Kind.JOB or (fault.kind is Kind.DENIED and self.reading.refused()):
            raise JobFault(fault)
        give_up = partial(self.give_up, item, lease, attempts, fault.code, fault.message)
        if fault.kind is Kind.DENIED and not self.reading.over:
            raise Undecided(fault, give_up)
        return give_up()

    def _ready(
        self, item: Item, attempts: ByApi, stop: threading.Event, content: str | None, as_object: bool | None
    ) -> "tuple[Caller, Prepared | Skip | None]":
        """This caller for what is not known, and the picture to send; None when everything is known. May block."""
        content = content or self._known.listed(item)
        rest = self._without(self._known.rows(item, self.request, content, stop), attempts)
        if not rest.request.choices:
            return rest, None
        picture = self._pictures.prepare(item, as_object=as_object)
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
        rest._beside = rows.with_all_attempts(known, attempts)
        return rest

    def _keep(
        self,
        lease: Lease,
        name: str,
        outcomes: list[Outcome],
        number: int = 0,
        mark: Mark | Literal[""] = "",
        tells: str = "",
        at: str = "",
    ) -> list[Outcome]:
        if self._beside:
            apis = [choice.api.name for choice in self._all.choices]
            outcomes = sorted([*outcomes, *self._beside], key=lambda row: apis.index(row.api))
        attempt = Attempt(name, self.request.name + at, number, mark, encode(outcomes), counters_of(outcomes), tells)
        self._journal.settle(lease, attempt)
        return outcomes
