"""One call on a film: slot, start, looks, pages, row. It waits on the event loop, whatever AWS takes.

Rule: a start is written down before it is sent, and sent again with its token until AWS has answered; so it is paid
once. What AWS refuses for this film is its row; what it refuses for all stops the job.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.apis import VideoChoice
from jobs.attempts import Mark
from jobs.aws.faults import Fault, Kind, Told, understand, unreadable
from jobs.aws.lean.methods import Method
from jobs.codes import Code
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from jobs.folder.video_pages import PagesName
from jobs.known.question import Question, is_over
from jobs.ledger import Lease, Start, Starts
from jobs.ledger.starts import Asking, Came
from jobs.media.check import Skip
from jobs.outcomes import Outcome
from jobs.uris import is_local
from jobs.video.film import MAX_MS
from workers.calls.attempts import JobFault
from workers.calls.waiting import sleep
from workers.gate.gate import Stopped, Turnstile
from workers.journal.packing import encode
from workers.videos.known import KnownFilms
from workers.videos.looks import Looks
from workers.videos.pages import keep_pages
from workers.videos.rows import Subject, counters_of, metadata, whole
from workers.videos.slots import Slots
from workers.videos.staging import Staging

_FULL = 0.1  # seconds between looks whether a slot is free, or the budget
_PAUSES = (0.2, 10.0)  # seconds until what went wrong is tried again: doubled each time, up to this
_PATIENCE = 60.0  # seconds, for a look where a job has none of its own
_REREADS = 5  # of an answer whose pages break off
_PAGE = 1000  # results, AWS's most
_JOB_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # as botocore's model has it
_AWS_SAYS = (BotoCoreError, ClientError, Told)  # or the way to it does; any other error is ours
_TRIES = 6  # of what may be AWS's trouble or this film's
_PASSING = (Kind.AWAY, Kind.TRANSIENT, Kind.UNKNOWN)  # the same token is sent again, so that nothing is paid twice


@dataclass(slots=True)
class FilmWay:
    """What the calls of one API of one job go through, in this process."""

    choice: VideoChoice
    start: Method
    get: Method
    starts_at: Turnstile
    gets_at: Turnstile
    account: str
    region: str
    root: str | None  # the folder that local films are below
    folder: JobFolder
    slots: Slots
    records: Starts
    look: Callable[[FilmItem], "Skip | None"]  # whether the object is still the one that was priced; may block
    looks: Looks
    staging: Staging | None  # where films of this machine are uploaded
    known: KnownFilms
    patience: float  # seconds that a service may give nothing usable, until the job is stopped; 0: a film's trouble


@dataclass(slots=True, eq=False)
class FilmAsk:
    """A call to be made. `last`: its row of the folder that tells of a start; `start`: its start as the journal has it,
    or as it is now; `sent`: the film as AWS finds it, where it had to be staged."""

    name: str
    film: FilmItem
    way: FilmWay
    epoch: int
    subject: Subject
    last: Outcome | None = None
    start: Start | None = None
    sent: FilmItem | None = None
    rows: list[Outcome] = field(default_factory=list)  # once it has its outcome

    @property
    def question(self) -> Question:
        way, film = self.way, self.sent or self.film
        return Question(
            way.account, way.region, way.choice.api.operation, film, way.choice.arguments(), self.epoch, way.root
        )

    @property
    def prior(self) -> Start | None:
        """Its start as the folder has it. Sent again, its token brings AWS's JobId."""
        if (row := self.last) is None:
            return None
        began, question = row.started_at, self.question
        assert began is not None
        at = round(began.timestamp() * 1000)
        return Start("?", f"{began:%Y-%m}", row.ms or 0, question.epoch, question.token, at)

    @property
    def is_at_aws(self) -> bool:
        """Whether the object was looked at, or AWS has it in any case: what has become of it since is no matter."""
        return self.start is not None or (self.last is not None and self.last.video_job is not None)

    @property
    def begun(self) -> bool:
        return self.start is not None or bool(self.rows)


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
        ask, way = self.ask, self.ask.way
        if await self._is_known():
            return
        if ask.start is None or ask.start.job_id is None:
            if not (await self._placed() and await self._started()):
                return
        else:
            await self._blocking(way.slots.is_open, ask.start.token)
        await self._read()

    async def _is_known(self) -> bool:
        """Whether the home has the answer; asked of what is to be asked for the first time."""
        ask, way = self.ask, self.ask.way
        staged = way.staging is not None and is_local(ask.film.uri)  # what is asked about is not here yet
        if ask.begun or ask.last is not None or ask.epoch or staged:
            return False
        name = PagesName(way.choice.api.name, ask.film.item_id)
        found = await self._blocking(way.known.copied, ask.question, name)
        if found is not None:
            await self._keep(ask.subject.known(found.row, found.job, name.epoch))
        return found is not None

    # --- the start

    async def _placed(self) -> bool:
        """AWS can read the film; False where the call has its outcome without that."""
        ask, way = self.ask, self.ask.way
        if way.staging is None or not is_local(ask.film.uri):
            return True
        trouble = _Trouble(way.patience or _PATIENCE)
        while True:
            try:
                await self._running()
                found = await way.staging.place(ask.film, self.stop)
                break
            except Told as told:
                if told.fault.kind is Kind.JOB or not await trouble.passes(told.fault, self.stop):
                    raise JobFault(replace(told.fault, do=told.fault.do or _WELL)) from told
        if isinstance(found, FilmItem):
            ask.sent = found
        elif ask.start is not None:
            await self._over(replace(ask.start, mark="m"), found.reason, found.message)
        else:
            await self._keep(ask.subject.skipped(found.reason, found.message))
        return ask.sent is not None

    async def _running(self) -> None:
        """The job is not paused."""
        while self.paused():
            await sleep(self.stop, _FULL)

    async def _started(self) -> bool:
        """Have AWS's JobId in `ask.start`; False where the call has its outcome already."""
        trouble = _Trouble(self.ask.way.patience)
        while True:
            try:
                if not await self._admitted():
                    return False
            except _Gone:
                if not await self._placed():
                    return False
                continue
            ticket = await self.ask.way.starts_at.pass_through(self.stop)
            try:
                answer = await self.ask.way.start(**self.ask.question.start)
                if _JOB_ID.fullmatch(job_id := str(answer.get("JobId", ""))):
                    await self._settle(replace(self._begun, job_id=job_id))
                    return True
                fault = unreadable(answer)
            except _AWS_SAYS as error:
                fault = understand(error, self.ask.way.choice.api.operation)
            if fault.code == "LimitExceededException":
                await self._blocking(self.ask.way.slots.refused, self._begun.token, fault.message)
                await self._withdraw()
                await sleep(self.stop, _FULL)
            elif fault.kind is Kind.THROTTLED:
                await self.ask.way.starts_at.throttled(ticket)
            elif fault.kind not in _PASSING or not await trouble.passes(fault, self.stop):
                await self._refused(fault)
                return False

    async def _admitted(self) -> bool:
        """A slot is taken and the start written; False where the call has its outcome without one.

        A call that was started before passes by the door: who waits there, waits for it to end.
        """
        ask = self.ask
        since = ask.start or ask.prior
        if since is not None and is_over(since.began, _now()):
            await self._over(replace(since, mark="m"), Code.ANSWER_EXPIRED, _NOT_KNOWN)
            return False
        if since is not None:
            return await self._begin()
        async with self.door:
            return await self._begin()

    async def _begin(self) -> bool:
        ask, way = self.ask, self.ask.way
        token, prior = ask.question.token, ask.prior
        while True:
            if self.stop.is_set():
                raise Stopped
            if self.paused() or not await self._blocking(way.slots.take, token):
                await sleep(self.stop, _FULL)
                continue
            if not ask.is_at_aws and (skip := await self._replaced()):
                await self._blocking(way.slots.free, token)
                await self._keep(ask.subject.skipped(skip.reason, skip.message))
                return False
            counted = prior.began if prior is not None else None
            reserved = prior.ms if prior is not None else (ask.sent or ask.film).priced_ms
            asking = Asking(ask.name, way.choice.api.name, reserved, ask.epoch, token, counted)
            begun = await self._blocking(way.records.begin, self.lease, asking)
            if isinstance(begun, Start):
                ask.start = begun
                return True
            await self._blocking(way.slots.free, token)
            if begun in ("wait", "paused", "blocked"):
                await sleep(self.stop, _FULL)
            else:
                raise Stopped

    async def _replaced(self) -> Skip | None:
        """Whether the film is another one by now. Raises _Gone where somebody took it out of the stage."""
        ask, staging = self.ask, self.ask.way.staging
        if staging is None or ask.sent is None:
            skip: Skip | None = await self._blocking(ask.way.look, ask.film)
            return skip
        if not await staging.is_there(ask.film):
            await self._blocking(ask.way.slots.free, ask.question.token)
            raise _Gone
        return None

    async def _refused(self, fault: Fault) -> None:
        """AWS does not take this film, or anything."""
        if fault.kind is Kind.JOB or (fault.kind in _PASSING and (self.ask.way.patience or fault.kind is Kind.AWAY)):
            await self._blocking(self.ask.way.slots.free, self._begun.token)
            if fault.kind is Kind.JOB:
                await self._withdraw()
            raise JobFault(replace(fault, do=fault.do or _WELL))
        mark: Mark = "m" if fault.kind in _PASSING else "n"
        await self._over(replace(self._begun, mark=mark), fault.code, fault.message)

    async def _withdraw(self) -> None:
        """There is no job: what was reserved is free."""
        if self.ask.last is None:
            await self._blocking(self.ask.way.records.settle, self.lease, Came(self.ask.name, self._api))
            self.ask.start = None

    # --- the answer

    async def _read(self) -> None:
        """Look until AWS has ended the job, then read what it found."""
        ask, way = self.ask, self.ask.way
        start = self._begun
        film, running, looks = ask.film.priced_ms / 1000, None, 0
        due = max(way.looks.due(film) - self._age(), 0.0)
        while True:
            await sleep(self.stop, due)
            page = await self._get(None)
            if page is None:
                await self._over(replace(start, mark="m"), Code.ANSWER_EXPIRED, _EXPIRED)
                return
            if (status := page.get("JobStatus")) == "SUCCEEDED":
                break
            if status == "FAILED":
                said = str(page.get("StatusMessage") or "AWS does not say why")
                await self._over(replace(start, mark="n"), Code.VIDEO_FAILED, said)
                return
            running, looks = self._age(), looks + 1
            due = way.looks.again(film, running, looks)
        await self._blocking(way.slots.free, start.token)
        seen = _now()
        meta = metadata(page)
        length = whole(meta.get("DurationMillis"), 2 * MAX_MS)
        paid = replace(start, mark="b", ms=start.ms if length is None else length)
        way.looks.ended(film, running, (seen - start.began) / 1000)
        if await self._keep_pages(page):
            await self._keep(ask.subject.answered(paid, meta, way.choice.api.version(page), seen), paid)
        else:
            await self._over(paid, Code.ANSWER_EXPIRED, _EXPIRED)

    def _age(self) -> float:
        """Seconds since the start was written down."""
        return max(0.0, time.time() - self._begun.began / 1000)

    async def _keep_pages(self, first: Mapping[str, Any]) -> bool:
        """The answer in its file; False where AWS has it no more."""
        ask, way, page = self.ask, self.ask.way, first
        name = PagesName(way.choice.api.name, ask.film.item_id, self._begun.epoch)
        for _ in range(_REREADS):
            try:
                await keep_pages(way.folder, name, self._begun.job_id or "", page, self._next)
                return True
            except _BrokenOff:
                again = await self._get(None)
                if again is None:
                    return False
                page = again
        message = f"{way.choice.api.answers} broke off {_REREADS} times"
        raise JobFault(Fault(Kind.UNKNOWN, "InvalidPaginationTokenException", message, _WELL))

    async def _next(self, token: str | None) -> Mapping[str, Any]:
        page = await self._get(token)
        if page is None:
            raise _BrokenOff
        return page

    async def _get(self, token: str | None) -> Mapping[str, Any] | None:
        """A page; None where AWS knows nothing of the job. Raises _BrokenOff where it knows nothing of this page."""
        way = self.ask.way
        told = {"JobId": self._begun.job_id, "MaxResults": _PAGE, **way.choice.api.reading}
        told |= {"NextToken": token} if token else {}
        trouble = _Trouble(way.patience or _PATIENCE)
        while True:
            ticket = await way.gets_at.pass_through(self.stop)
            try:
                page = await way.get(**told)
                if "JobStatus" in page:
                    return page
                fault = unreadable(page)
            except _AWS_SAYS as error:
                fault = understand(error, way.choice.api.answers)
            if fault.kind is Kind.THROTTLED:
                await way.gets_at.throttled(ticket)
            elif fault.code == "ResourceNotFoundException":
                return None
            elif fault.code == "InvalidPaginationTokenException":
                raise _BrokenOff
            elif fault.kind not in _PASSING or not await trouble.passes(fault, self.stop):
                raise JobFault(replace(fault, do=fault.do or _WELL))

    # --- what came of it

    @property
    def _begun(self) -> Start:
        assert self.ask.start is not None
        return self.ask.start

    @property
    def _api(self) -> str:
        return self.ask.way.choice.api.name

    async def _over(self, start: Start, code: str, message: str) -> None:
        """It ended without an answer."""
        await self._blocking(self.ask.way.slots.free, start.token)
        await self._keep(self.ask.subject.failed(code, message, start), start)

    async def _keep(self, row: Outcome, start: Start | None = None) -> None:
        """The call has its outcome."""
        self.ask.rows = [row]
        if start is not None:
            await self._settle(start, row)
        else:
            came = Came(self.ask.name, self._api, None, encode([row]), counters_of(row))
            await self._blocking(self.ask.way.records.settle, self.lease, came)

    async def _settle(self, start: Start, row: Outcome | None = None) -> None:
        self.ask.start = start
        answer, counters = (encode([row]), counters_of(row)) if row else (b"", {})
        came = Came(self.ask.name, self._api, start, answer, counters)
        await self._blocking(self.ask.way.records.settle, self.lease, came)

    async def _blocking(self, do: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(do, *arguments)


class _BrokenOff(Exception):
    """AWS knows the page no more: its token is of another day, or another job."""


class _Gone(Exception):
    """A staged film is not there any more, and is to be uploaded again."""


class _Trouble:
    """How long a service has given nothing usable."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self._tries = 0

    async def passes(self, fault: Fault, stop: threading.Event) -> bool:
        """Whether to try again, once some time is over."""
        now = time.monotonic()
        self._since = self._since or now
        self._tries += 1
        over = now - self._since > self._patience if self._patience else self._tries >= _TRIES
        if not over:
            await sleep(stop, min(_PAUSES[0] * 2 ** min(self._tries, 10), _PAUSES[1]))
        return not over


def _now() -> int:
    return int(time.time() * 1000)


_WELL = "See whether Rekognition, and what is before it (proxy, gateway, endpoint URL), is well, then resume the job."
_EXPIRED = "AWS keeps an answer for 7 days, and has this one no more; `rekscan retry` pays for it again"
_NOT_KNOWN = "its start was never answered and is over 7 days old, so AWS may have billed it; `rekscan retry` asks anew"
