"""A shard of films, from lease to part: its calls wait on the event loop, beside each other.

Rule: as with pictures (workers/shards/shard.py), facts are only added: a holder that has every outcome writes the whole
part, under the lease; whatever else one knows when it lets go stays in Redis, or goes into a part of its own.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from redis.exceptions import RedisError

from jobs.attempts import NONE, Attempts
from jobs.codes import Code
from jobs.costs import shard_tally
from jobs.folder import ShardParts
from jobs.folder.facts import rows_of
from jobs.folder.films import FilmItem, films_of
from jobs.folder.half_written import set_aside
from jobs.folder.retries import Retry
from jobs.known.question import is_over
from jobs.ledger import Lease, Ledger, Start
from jobs.outcomes import OPEN, Outcome, with_attempts
from workers.calls.attempts import JobFault
from workers.calls.news import news
from workers.calls.rows import storable
from workers.gate.gate import Stopped
from workers.journal.packing import decode
from workers.videos.ask import FilmAsk, FilmWay
from workers.videos.call import FilmCall
from workers.videos.rows import Subject
from workers.videos.work import FilmWork

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class FilmShard:
    """A held shard. `stop` is set when it is to be let go."""

    lease: Lease
    work: FilmWork
    ledger: Ledger
    stop: threading.Event = field(default_factory=threading.Event)
    asks: list[FilmAsk] = field(default_factory=list)
    parts: ShardParts = field(default_factory=ShardParts)
    retry: int = 0

    async def run(self) -> None:
        await asyncio.to_thread(self.take)
        await self._leave({ask.film for ask in self.asks})
        calls = [FilmCall(ask, self.lease, self.stop, self.work.door, self._paused) for ask in self.missing]
        results = await asyncio.gather(*(self._ask(call) for call in calls), return_exceptions=True)
        await asyncio.to_thread(self.end)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Stopped | JobFault):
                raise result

    @property
    def missing(self) -> list[FilmAsk]:
        """Those that the folder has as started first: nobody is to find the budget spent before they are begun."""
        return sorted((ask for ask in self.asks if not ask.rows), key=lambda ask: ask.last is None)

    @property
    def tokens(self) -> list[str]:
        """Of the jobs that hold a slot."""
        return [
            ask.start.token for ask in self.asks if ask.start is not None and not ask.rows and ask.start.mark == "?"
        ]

    def _paused(self) -> bool:
        return self.work.state != "running"

    async def _leave(self, films: Iterable[FilmItem]) -> None:
        """Those that nothing more is asked about are not needed in the stage; it is this holder's to say."""
        staging = self.work.staging
        if staging is None:
            return
        wanted = {ask.film.item_id for ask in self.missing}
        done = [film for film in films if film.item_id not in wanted]
        if done and (await asyncio.to_thread(self.ledger.renew, self.lease.job, [self.lease]))[1][self.lease]:
            await staging.leave(done)

    async def _ask(self, call: FilmCall) -> None:
        try:
            await call.run()
            await self._leave([call.ask.film])
        except JobFault as error:
            reason = storable(f"{error.fault.code}: {error}")
            self.work.state = "blocked"
            await asyncio.to_thread(self.ledger.set_state, self.lease.job, "blocked", reason=reason, do=error.fault.do)
            self.stop.set()
            raise
        except Exception:
            self.stop.set()  # the others may wait for this one to end
            raise

    def take(self) -> None:
        """What the folder and the holders before know of it."""
        folder, lease = self.work.folder, self.lease
        if self.work.staging is not None:
            self.work.staging.read()
        self.parts = set_aside(folder, lease.shard)
        self.retry = int(self.ledger.fields(lease.job).get("retry", 0))
        starts, answers = self.work.records.adopt(lease)
        known = {name: decode(data) for name, data in answers.items()}
        mine = {(row.item_id, row.api): row for row in rows_of(folder, self.parts, retry=self.retry)}
        ever = {(row.item_id, row.api): row for row in rows_of(folder, self.parts)} if self.retry else mine
        only = Retry(folder, self.retry).names(lease.shard) if self.retry else None
        for film, way in product(films_of(folder, lease.shard), self.work.ways.values()):
            name, place = f"{film.item_id}:{way.choice.api.name}", (film.item_id, way.choice.api.name)
            if only is None or name in only:
                self.asks.append(self._ask_of(name, film, way, mine.get(place), ever.get(place), starts.get(name)))
                self.asks[-1].rows = self._known(self.asks[-1], known.get(name), mine.get(place))

    def _ask_of(
        self, name: str, film: FilmItem, way: FilmWay, mine: Outcome | None, last: Outcome | None, start: Start | None
    ) -> FilmAsk:
        """The call, with its start as far as anybody knows one."""
        before = Attempts.parse(mine.marks) if mine else NONE
        ask = FilmAsk(name, film, way, self._epoch(last), Subject(film, way.choice.api.name, before))
        if start is not None:
            ask.start, ask.epoch = start, start.epoch
        elif last is not None and last.started_at is not None and (last.outcome == OPEN or _is_read_again(last)):
            ask.last = last
        return ask

    def _epoch(self, last: Outcome | None) -> int:
        """What came of the call last decides whether the same token is sent again: not where AWS has ended a job for it
        without an answer, which would bring the same end, nor where AWS knows it no more, which would be paid again."""
        if last is None or last.epoch is None:
            return self.work.folder.spec.epoch
        ended = last.outcome == "failed" and (last.video_job is not None or last.code == Code.ANSWER_EXPIRED)
        gone = last.outcome == "ok" and last.started_at is not None and not _is_read_again(last)
        return last.epoch + (ended or gone)

    def _known(self, ask: FilmAsk, answer: list[Outcome] | None, row: Outcome | None) -> list[Outcome]:
        if answer is not None:
            return [with_attempts(one, ask.subject.before) for one in answer]
        return [row] if row is not None and row.outcome != OPEN else []

    def end(self) -> None:
        """Commit it, or give it back."""
        state, held = self.ledger.renew(self.lease.job, [self.lease])
        if self.missing or not held[self.lease]:
            if not (state == "running" and held[self.lease]):
                self._keep_apart()
            self.ledger.release(self.lease)
            return
        folder, rows = self.work.folder, self.rows()
        if not folder.commit(self.lease.shard, rows, retry=self.retry):
            self._keep_apart()
        self.ledger.finish(self.lease, shard_tally(folder, folder.parts_of(self.lease.shard)).counters())

    def save(self) -> None:
        """Its process ends with an error, or Redis is away: what is known goes into the folder."""
        try:
            self._keep_apart()
            self.ledger.release(self.lease)
        except (RedisError, OSError) as error:
            log.warning("%s/%s: %s", self.lease.job, self.lease.shard, error)

    def _keep_apart(self) -> None:
        """Write what is known and the folder has not as this holder's own part."""
        if found := news(self.work.folder, self.lease.shard, self.rows()):
            self.work.folder.commit(self.lease.shard, found, holder=self.lease.fence, retry=self.retry)

    def rows(self) -> list[Outcome]:
        return [row for ask in self.asks for row in ask.rows or _open(ask)]


def _open(ask: FilmAsk) -> Iterable[Outcome]:
    return [ask.subject.open(ask.start)] if ask.start is not None else []


def _is_read_again(row: Outcome) -> bool:
    """Whether an answer that was read, and whose file is lost, is still there at AWS, for nothing."""
    began = row.started_at
    now = round(time.time() * 1000)
    return row.outcome == "ok" and began is not None and not is_over(round(began.timestamp() * 1000), now)
