"""What product code did, told to the world: intents, answers that Redis took, parts, jobs closed, retries planned.

Rule: it only looks. Redis's word is heard when Redis has given it, before anybody else runs.
"""

from collections.abc import Callable, Iterable
from typing import Any

from redis.client import Pipeline

from jobs.folder import JobFolder, retries
from jobs.folder.retries import Retry
from jobs.ledger import Attempt, Lease, Ledger
from jobs.outcomes import Outcome
from tests.machine import job as jobs_of
from tests.machine.threads import current
from workers.journal.packing import decode

_begin, _settle, _adopt = Ledger.begin, Ledger.settle, Ledger.adopt
_put, _lease, _release, _close = Ledger._put, Ledger.lease, Ledger.release, Ledger.close
_order, _told = Ledger.order, Ledger.told
_commit = JobFolder.commit


def install(world: Callable[[], Any]) -> None:
    """`world`: the one of the run under way."""

    def begin(self: Ledger, lease: Lease, calls: Iterable[tuple[str, str, int]], pipe: Pipeline | None = None) -> Any:
        asked = list(calls)
        me = current()
        if me is None:
            return _begin(self, lease, asked, pipe)
        process = me.process
        if pipe is None:
            words = _begin(self, lease, asked)
            world().began(process, lease, asked, words)
            return words
        pipe.listeners.append((len(pipe.command_stack), lambda words: world().began(process, lease, asked, words)))
        return _begin(self, lease, asked, pipe)

    def settle(self: Ledger, lease: Lease, attempts: Iterable[Attempt], pipe: Pipeline | None = None) -> None:
        told = list(attempts)
        names = [attempt.call for attempt in told if attempt.answer and _ok(attempt.answer)]
        if pipe is not None and current() is not None:
            pipe.listeners.append((len(pipe.command_stack), lambda word: world().answered(names) if word else None))
        _settle(self, lease, told, pipe)

    def adopt(self: Ledger, lease: Lease, *args: Any) -> Any:
        found = _adopt(self, lease, *args)
        me = current()
        if me is not None:
            world().adopted(me.process, found[0])
        return found

    def put(self: Ledger, *args: Any) -> None:
        *_, told, pipe = args
        have = world().in_folder()
        _put(self, *args)
        fresh = any(command == "DEL" for (command, *_), _ in pipe.command_stack)
        me = current()
        by = me.process if me is not None and told is not None else None
        pipe.listeners.append((0, lambda _: world().put_on_table(have, fresh, by)))

    def told(self: Ledger, job: str) -> str:
        found = _told(self, job)
        me = current()
        if me is not None:
            world().begins(me.process)
        return found

    def order(self: Ledger, *args: Any, **options: Any) -> bool:
        found = _order(self, *args, **options)
        world().ordered()
        return found

    def lease(self: Ledger, *args: Any, **options: Any) -> Any:
        found = _lease(self, *args, **options)
        me = current()
        if me is not None and isinstance(found, Lease):
            world().leased(me.process, found)
        return found

    def release(self: Ledger, lease: Lease) -> bool:
        held = _release(self, lease)
        me = current()
        if me is not None and held:
            world().released(me.process, lease)
        return held

    def close(self: Ledger, *args: Any, **options: Any) -> bool:
        closed = _close(self, *args, **options)
        if closed:
            world().closed()
        return closed

    def commit(self: JobFolder, shard: int, outcomes: Iterable[Outcome], **options: Any) -> bool:
        rows = list(outcomes)
        written = _commit(self, shard, rows, **options)
        if written:
            world().committed((row.item_id, jobs_of.OPERATIONS[row.api]) for row in rows if row.outcome == "ok")
        return written

    Ledger.begin, Ledger.settle, Ledger.adopt = begin, settle, adopt  # type: ignore[method-assign,assignment]
    Ledger._put, Ledger.lease, Ledger.release, Ledger.close = put, lease, release, close  # type: ignore[method-assign,assignment]
    Ledger.told, Ledger.order = told, order  # type: ignore[method-assign]
    JobFolder.commit = commit  # type: ignore[method-assign]


def planned(world: Callable[[], Any]) -> Callable[..., Retry]:
    """plan_retry, told to the world."""
    plan = retries.plan_retry

    def plan_retry(folder: JobFolder, **options: Any) -> Retry:
        found = plan(folder, **options)
        names = [name for shard in found.shards() for name in found.names(shard)]
        world().planned_retry(world().call_of(name) for name in names)
        return found

    return plan_retry


def _ok(answer: bytes) -> bool:
    return all(row.outcome == "ok" for row in decode(answer))
