"""Faults that rekscan had, put back one by one: what the machine must find (test_mutations.py).

Rule: a mutation changes product code in memory alone, and takes itself back.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from redis.exceptions import RedisError

from jobs.attempts import NONE
from jobs.codes import Code
from jobs.folder import JobFolder
from jobs.ledger import Ledger
from jobs.ledger import ledger as ledger_module
from jobs.ledger.keys import key
from jobs.outcomes import Outcome
from tests.machine import job as jobs_of
from tests.machine import seams, watch
from workers.calls import attempts, rows
from workers.calls.cascade import Sources
from workers.shards import last_step
from workers.shards.shard import Shard


@dataclass(frozen=True, slots=True)
class Mutation:
    put_back: Callable[[ExitStack], None]
    rules: frozenset[str]  # those that may break by it
    seed: int  # of a run that found it when this was written


def _parts_share_a_name(stack: ExitStack) -> None:
    """What a holder knows when it lets go is dropped where another was first."""
    commit = JobFolder.commit

    def commit_as_first(
        self: JobFolder, shard: int, rows: Iterable[Outcome], *, holder: str = "", retry: int = 0
    ) -> bool:
        return commit(self, shard, rows, holder="part001" if holder else "", retry=retry)

    stack.enter_context(patch.object(JobFolder, "commit", commit_as_first))


def _only_outcomes_are_kept(stack: ExitStack) -> None:
    """Attempts at calls without an outcome live in Redis alone, which drops them when the job ends."""

    def outcomes(self: Shard) -> list[Outcome]:
        return [row for ask in self.asks for row in self.known.get(ask.name, ())]

    stack.enter_context(patch.object(Shard, "rows", outcomes))
    stack.enter_context(patch.object(last_step, "bring_home", lambda *_, **__: None))


def _fragment_is_the_retry(stack: ExitStack, lets_go: Callable[[str, bool], bool]) -> None:
    """What is known of a shard of a retry is written as the whole of it when `lets_go` (state, lease held)."""
    save = Shard.save

    def save_as_whole(self: Shard) -> None:
        if self.retry:
            self.journal.flush()
            try:
                state, held = self.ledger.renew(self.lease.job, [self.lease])
            except RedisError:
                return
            if lets_go(state, held[self.lease]):
                self.folder.commit(self.lease.shard, self.rows(), retry=self.number)
                return
        save(self)

    stack.enter_context(patch.object(Shard, "save", save_as_whole))


def _lost_retry_is_whole(stack: ExitStack) -> None:
    """A holder that lost its lease commits what it knows as the whole retry part."""
    _fragment_is_the_retry(stack, lambda state, held: not held)


def _paused_retry_is_whole(stack: ExitStack) -> None:
    """A retry that is paused or cancelled commits what it knows as the whole retry part."""
    _fragment_is_the_retry(stack, lambda state, held: state != "running")


def _unstorable_answer_is_forgotten(stack: ExitStack) -> None:
    """An answer that cannot be stored leaves its attempt under way for ever."""

    def answered(
        self: attempts.CallAttempts, response: Any, started: Any, took: Any = None, code: Any = None
    ) -> list[Outcome]:
        call, before = self.call, dict(self.call.attempts)
        try:
            self._note("b")
            made = (call.request, call.item, response, call.attempts, call.picture, started)
            found = rows.answered(*made, took, code, self.road.name)
            return self._settled("b", found)
        except Exception:
            call.attempts.update({api: before.get(api, NONE) for api in call.attempts})
            self.under_way = False
            raise

    stack.enter_context(patch.object(attempts.CallAttempts, "_answered", answered))


def _cap_knows_no_month(stack: ExitStack) -> None:
    """Every month's units are counted as of the first one."""
    script = ledger_module.script

    def monthless(name: str, clock: str | None = None) -> str:
        text = script(name, clock).replace("'m:' .. pool .. ':'", f"'m:{jobs_of.FIRST_MONTH}' .. pool:sub(8) .. ':'")
        return text.replace("month == schedule.first and part.meters or part.later", "part.meters")

    stack.enter_context(patch.object(ledger_module, "script", monthless))


def _fence_is_a_clock(stack: ExitStack) -> None:
    """Holders are counted, from the time on at which their job was put on the table."""
    put = Ledger.open

    def opened(self: Ledger, job: str, **options: Any) -> None:
        put(self, job, **options)
        world = seams.now.world
        world.store.raw.hsetnx(key(job), "fence", int(world.scheduler.wall * 1000))

    def fence() -> str:
        return f"f{seams.now.world.store.raw.hincrby(key(jobs_of.NAME), 'fence', 1)}"

    stack.enter_context(patch.object(Ledger, "open", opened))
    stack.enter_context(patch.object(ledger_module, "new_fence", fence))


def _order_is_overtaken(stack: ExitStack) -> None:
    """A resume that is still starting goes on, whatever the job was told meanwhile."""
    put = watch._put

    def put_anyway(self: Ledger, *args: Any) -> None:
        *before, _, pipe = args
        put(self, *before, None, pipe)  # type: ignore[call-arg]

    stack.enter_context(patch.object(watch, "_put", put_anyway))


def _undecided_is_asked(stack: ExitStack) -> None:
    """A call whose condition cannot be decided is made."""
    why_not = Sources.why_not

    def decided(self: Sources, outcomes: Iterable[Outcome]) -> tuple[Code, str] | None:
        found = why_not(self, outcomes)
        return found if found is not None and found[0] == Code.CONDITION_FALSE else None

    stack.enter_context(patch.object(Sources, "why_not", decided))


ALL = {
    "parts share a name": Mutation(_parts_share_a_name, frozenset({"lost", "asked again", "cap"}), 42),
    "only outcomes are kept": Mutation(_only_outcomes_are_kept, frozenset({"lost", "cap"}), 71),
    "a lost retry is whole": Mutation(_lost_retry_is_whole, frozenset({"lost", "retry", "asked again"}), 168),
    "a paused retry is whole": Mutation(_paused_retry_is_whole, frozenset({"retry"}), 79),
    "an unstorable answer is forgotten": Mutation(_unstorable_answer_is_forgotten, frozenset({"lost", "ends"}), 24),
    "the cap knows no month": Mutation(_cap_knows_no_month, frozenset({"cap"}), 15),
    "an order is overtaken": Mutation(_order_is_overtaken, frozenset({"order"}), 15),
    "the fence is a clock": Mutation(_fence_is_a_clock, frozenset({"fence", "lost"}), 56),
    "what is undecided is asked": Mutation(_undecided_is_asked, frozenset({"cascade"}), 131),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """The product with one fault."""
    seams.install()
    with ExitStack() as stack:
        ALL[name].put_back(stack)
        yield
