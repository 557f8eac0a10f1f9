"""The answer on a film: looks until AWS has ended the job, then its pages, then its row.

Rule: Gets are free, so what goes wrong on the way begins again; nothing is bought here.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jobs.aws.faults import Fault, Kind, understand, unreadable
from jobs.codes import Code
from jobs.folder.video_pages import PagesName
from jobs.video.film import MAX_MS
from workers.calls.attempts import JobFault
from workers.calls.waiting import sleep
from workers.videos.pages import keep_pages
from workers.videos.record import Record, blocking
from workers.videos.rows import metadata, whole
from workers.videos.trouble import AWS_SAYS, PASSING, PATIENCE, WELL, Trouble

_REREADS = 5  # of an answer whose pages break off
_PAGE = 1000  # results, AWS's most
_NAP = 1.0  # seconds after which it is seen anew when the next look is due: other jobs have ended meanwhile


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one call that AWS has given its JobId."""

    record: Record
    stop: threading.Event

    async def run(self) -> None:
        """Fill the call's rows. Raises Stopped or JobFault."""
        if (page := await self._ended()) is not None:
            await self._succeeded(page)

    async def _ended(self) -> Mapping[str, Any] | None:
        """The first page, once the job has succeeded; None where the call has its outcome without an answer."""
        ask, record = self.record.ask, self.record
        film, running = ask.film.priced_ms / 1000, None
        while True:
            await self._due(film, running)
            page = await self._get(None)
            if page is None:
                await record.over(replace(ask.begun_start, mark="m"), Code.ANSWER_EXPIRED, _EXPIRED)
                return None
            if (status := page.get("JobStatus")) == "SUCCEEDED":
                shown = ask.way.looks.ended(film, running, self._age())
                await record.free(ask.begun_start.token)
                await blocking(ask.way.shown.tell, shown)
                return page
            if status == "FAILED":
                said = str(page.get("StatusMessage") or "AWS does not say why")
                await record.over(replace(ask.begun_start, mark="n"), Code.VIDEO_FAILED, said)
                return None
            running = self._age()

    async def _due(self, film: float, running: float | None) -> None:
        """Wait for the next look."""
        while (wait := self.record.ask.way.looks.due(film, running) - self._age()) > 0:
            await sleep(self.stop, min(wait, _NAP))

    def _age(self) -> float:
        """Seconds since AWS had the job."""
        ask = self.record.ask
        if ask.answered_at is not None:
            return time.monotonic() - ask.answered_at
        return max(0.0, time.time() - ask.begun_start.began / 1000)

    async def _succeeded(self, page: Mapping[str, Any]) -> None:
        """`page`: the first one."""
        ask, start, seen = self.record.ask, self.record.ask.begun_start, round(time.time() * 1000)
        meta = metadata(page)
        length = whole(meta.get("DurationMillis"), 2 * MAX_MS)
        paid = replace(start, mark="b", ms=start.ms if length is None else length)
        if await self._keep_pages(page):
            version = ask.way.choice.api.version(page)
            await self.record.keep(ask.subject.answered(paid, meta, version, seen), paid)
        else:
            await self.record.over(paid, Code.ANSWER_EXPIRED, _EXPIRED)

    async def _keep_pages(self, first: Mapping[str, Any]) -> bool:
        """The answer in its file; False where AWS has it no more."""
        ask, way, page = self.record.ask, self.record.ask.way, first
        start = ask.begun_start
        name = PagesName(way.choice.api.name, ask.film.item_id, start.epoch)
        for _ in range(_REREADS):
            try:
                await keep_pages(way.folder, name, start.job_id or "", page, self._next)
                return True
            except _BrokenOff:
                again = await self._get(None)
                if again is None:
                    return False
                page = again
        message = f"{way.choice.api.answers} broke off {_REREADS} times"
        raise JobFault(Fault(Kind.UNKNOWN, "InvalidPaginationTokenException", message, WELL))

    async def _next(self, token: str | None) -> Mapping[str, Any]:
        page = await self._get(token)
        if page is None:
            raise _BrokenOff
        return page

    async def _get(self, token: str | None) -> Mapping[str, Any] | None:
        """A page; None where AWS knows nothing of the job. Raises _BrokenOff where it knows nothing of this page."""
        way = self.record.ask.way
        told = {"JobId": self.record.ask.begun_start.job_id, "MaxResults": _PAGE, **way.choice.api.reading}
        told |= {"NextToken": token} if token else {}
        trouble = Trouble(way.patience or PATIENCE)
        while True:
            ticket = await way.gets_at.pass_through(self.stop)
            try:
                page = await way.get(**told)
                if "JobStatus" in page:
                    return page
                fault = unreadable(page)
            except AWS_SAYS as error:
                fault = understand(error, way.choice.api.answers)
            if fault.kind is Kind.THROTTLED:
                await way.gets_at.throttled(ticket)
            elif fault.code == "ResourceNotFoundException":
                return None
            elif fault.code == "InvalidPaginationTokenException":
                raise _BrokenOff
            elif fault.kind not in PASSING or not await trouble.passes(fault, self.stop):
                raise JobFault(replace(fault, do=fault.do or WELL))


class _BrokenOff(Exception):
    """AWS knows the page no more: its token is of another day, or another job."""


_EXPIRED = "AWS keeps an answer for 7 days, and has this one no more; `rekscan retry` pays for it again"
