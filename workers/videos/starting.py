"""The start of a job on a film: AWS can read it, a slot is taken, the start is written, then sent.

Rule: a start is written down before it is sent, and sent again with its token until AWS has answered; so it is paid
once. What AWS refuses for this film is its row; what it refuses for all stops the job.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from jobs.attempts import Mark
from jobs.aws.faults import Fault, Kind, Told, understand, unreadable
from jobs.codes import Code
from jobs.folder.films import FilmItem
from jobs.known.question import is_over
from jobs.ledger import Start
from jobs.ledger.starts import Asking
from jobs.uris import is_local
from workers.calls.attempts import JobFault
from workers.calls.waiting import sleep
from workers.gate.gate import Stopped
from workers.videos.record import Record, blocking
from workers.videos.trouble import AWS_SAYS, PASSING, PATIENCE, WELL, Trouble

_FULL = 0.1  # seconds between looks whether a slot is free that another process held, or the budget
_FRESH = 5.0  # seconds that a film is taken to be what it was
_JOB_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # as botocore's model has it


@dataclass(frozen=True, slots=True)
class Starting:
    """`door`, `paused`: as of a FilmCall."""

    record: Record
    stop: threading.Event
    door: asyncio.Lock
    paused: Callable[[], bool]

    async def run(self) -> bool:
        """Have AWS's JobId in the call's start; False where it has its outcome already. Raises Stopped or JobFault."""
        return await self._placed() and await self._started()

    async def _placed(self) -> bool:
        """AWS can read the film; False where the call has its outcome without that."""
        ask, way = self.record.ask, self.record.ask.way
        if way.staging is None or not is_local(ask.film.uri):
            return True
        trouble = Trouble(way.patience or PATIENCE)
        while True:
            try:
                await self._running()
                found = await way.staging.place(ask.film, self.stop)
                break
            except Told as told:
                if told.fault.kind is Kind.JOB or not await trouble.passes(told.fault, self.stop):
                    raise JobFault(replace(told.fault, do=told.fault.do or WELL)) from told
        if isinstance(found, FilmItem):
            ask.sent = found
        elif ask.start is not None:
            await self.record.over(replace(ask.start, mark="m"), found.reason, found.message)
        else:
            await self.record.keep(ask.subject.skipped(found.reason, found.message))
        return ask.sent is not None

    async def _running(self) -> None:
        """The job is not paused."""
        while self.paused():
            await sleep(self.stop, _FULL)

    async def _started(self) -> bool:
        ask, way = self.record.ask, self.record.ask.way
        trouble, fresh = Trouble(way.patience), ask.prior is None
        while True:
            fresh = fresh and ask.start is None  # AWS knows nothing of it
            try:
                if not await self._admitted():
                    return False
            except _Gone:
                if not await self._placed():
                    return False
                continue
            ticket = await way.starts_at.pass_through(self.stop)
            if fresh and not await blocking(way.slots.still, ask.begun_start.token):
                await self.record.withdraw()
                continue
            try:
                answer = await way.start(**ask.question.start)
                if _JOB_ID.fullmatch(job_id := str(answer.get("JobId", ""))):
                    ask.answered_at = time.monotonic()
                    await self.record.settle(replace(ask.begun_start, job_id=job_id))
                    return True
                fault = unreadable(answer)
            except AWS_SAYS as error:
                fault = understand(error, way.choice.api.operation)
            if fault.code == "LimitExceededException":
                await blocking(way.slots.refused, ask.begun_start.token, fault.message)
                await self.record.withdraw()
                await sleep(self.stop, _FULL)
            elif fault.kind is Kind.THROTTLED:
                await way.starts_at.throttled(ticket)
            elif fault.kind not in PASSING or not await trouble.passes(fault, self.stop):
                await self._refused(fault)
                return False

    async def _admitted(self) -> bool:
        """A slot is taken and the start written; False where the call has its outcome without one.

        A call that was started before passes by the door: who waits there, waits for it to end.
        """
        ask = self.record.ask
        since = ask.start or ask.prior
        if since is not None and is_over(since.began, round(time.time() * 1000)):
            await self.record.over(replace(since, mark="m"), Code.ANSWER_EXPIRED, _NOT_KNOWN)
            return False
        if since is not None:
            return await self._begin()
        async with self.door:
            return await self._begin()

    async def _begin(self) -> bool:
        """The film is looked at before a slot is taken, for none is to wait for S3, and once more if that took long."""
        ask, way = self.record.ask, self.record.ask.way
        token = ask.question.token
        if await self._left_out():
            return False
        fresh = time.monotonic() + _FRESH
        while True:
            await self._slot(token)
            if time.monotonic() > fresh:
                fresh = float("inf")
                if await self._left_out(token):
                    return False
            begun = await blocking(way.records.begin, self.record.lease, self._asking(token))
            if isinstance(begun, Start):
                ask.start = begun
                return True
            await self.record.free(token)
            if begun not in ("wait", "paused", "blocked"):
                raise Stopped
            await sleep(self.stop, _FULL)

    async def _slot(self, token: str) -> None:
        """Wait for a slot."""
        way = self.record.ask.way
        while True:
            if self.stop.is_set():
                raise Stopped
            way.freed.clear()
            if not self.paused() and await blocking(way.slots.take, token):
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(way.freed.wait(), _FULL)

    def _asking(self, token: str) -> Asking:
        ask = self.record.ask
        prior = ask.prior
        counted = prior.began if prior is not None else None
        reserved = prior.ms if prior is not None else (ask.sent or ask.film).priced_ms
        return Asking(ask.name, ask.way.choice.api.name, reserved, ask.epoch, token, counted)

    async def _left_out(self, slot: str | None = None) -> bool:
        """Whether the film is another one by now; then the call has its outcome. `slot`: the one it holds.

        Raises _Gone where somebody took it out of the stage.
        """
        ask, staging = self.record.ask, self.record.ask.way.staging
        if ask.is_at_aws:
            return False
        staged = staging is not None and ask.sent is not None
        gone = staging is not None and staged and not await staging.is_there(ask.film)
        skip = None if staged else await blocking(ask.way.look, ask.film)
        if slot is not None and (gone or skip):
            await self.record.free(slot)
        if gone:
            raise _Gone
        if skip:
            await self.record.keep(ask.subject.skipped(skip.reason, skip.message))
        return skip is not None

    async def _refused(self, fault: Fault) -> None:
        """AWS does not take this film, or anything."""
        start, patience = self.record.ask.begun_start, self.record.ask.way.patience
        if fault.kind is Kind.JOB or (fault.kind in PASSING and (patience or fault.kind is Kind.AWAY)):
            await self.record.free(start.token)
            if fault.kind is Kind.JOB:
                await self.record.withdraw()
            raise JobFault(replace(fault, do=fault.do or WELL))
        mark: Mark = "m" if fault.kind in PASSING else "n"
        await self.record.over(replace(start, mark=mark), fault.code, fault.message)


class _Gone(Exception):
    """A staged film is not there any more, and is to be uploaded again."""


_NOT_KNOWN = "its start was never answered and is over 7 days old, so AWS may have billed it; `rekscan retry` asks anew"
