"""One shard, from lease to part: what a Celery task does.

    lease -> (part there? count it) -> journal of earlier holders -> calls on the job's lanes -> commit -> finish

Rule: the part is committed only under the lease, and everything the journal knows is in it.
"""

import logging
import threading
from collections import Counter
from dataclasses import dataclass, replace

from jobs.apis import Request
from jobs.codes import Code
from jobs.folder import JobFolder
from jobs.folder.half_written import set_aside, was_torn
from jobs.folder.retries import Retry
from jobs.items import Item
from jobs.ledger import Attempt, Lease, Ledger
from jobs.outcomes import Outcome, from_table
from workers.calls.caller import JobFault
from workers.calls.known import Later
from workers.calls.lanes import Ask, Lanes
from workers.calls.rows import owned_up
from workers.gate.gate import Stopped
from workers.journal.journal import Journal
from workers.journal.packing import counters_of, decode, encode

log = logging.getLogger(__name__)

CAREFUL_AFTER = 3  # holders of a shard that died, until its calls are made one by one
SUSPECTED_AT_MOST = 2  # times that a call may be the only one under way when its worker dies
_TELL_AGAIN = 30  # rounds of waiting for duplicates, half a minute


@dataclass(slots=True)
class Shard:
    """A held shard and what it takes to run it. `stop` is set when nothing more is to be sent."""

    lease: Lease
    folder: JobFolder
    ledger: Ledger
    journal: Journal
    lanes: Lanes
    stop: threading.Event
    retry: Retry | None = None  # ask only these calls, into a part of their own

    def run(self) -> bool:
        """True when the shard is done, False when it was given back or lost."""
        number = self.retry.number if self.retry else 0
        set_aside(self.folder, self.lease.shard)
        if done := self.folder.part(self.lease.shard, retry=number):
            return self._finish(from_table(self.folder.result([done])))
        self.lanes.known.refresh()
        partial = [] if self.retry else self.folder.partial_parts(self.lease.shard)
        kept = self._by_call(from_table(self.folder.result(partial[-1:]))) if partial else {}
        calls = self._calls()
        if was_torn(self.folder, self.lease.shard, retry=number):
            # As if its holder had died with all of them in flight.
            self.ledger.begin(self.lease, [(c.name, c.request.name, 1) for c in calls if c.name not in kept])
        self.journal.flush()  # an earlier holder in this process may have answers that Redis does not know yet
        intents, answers = self.ledger.adopt(self.lease)
        found = {name: decode(data) for name, data in answers.items()} | kept
        known = {name: owned_up(rows, intents.get(name, "")) for name, rows in found.items()}
        outcomes, whole = self._call([replace(c, attempts=intents.get(c.name, "")) for c in calls], known)
        self.journal.flush()
        if whole and self.ledger.renew(self.lease.job, [self.lease])[1][self.lease]:
            self.folder.commit(self.lease.shard, outcomes, retry=number)
            return self._finish(outcomes)
        if not whole:
            self._give_back(outcomes, len(partial) + 1)
        return False

    def _calls(self) -> list[Ask]:
        """The calls of this shard in item order, whatever is known of them."""
        only = self.retry.names(self.lease.shard) if self.retry else None
        found = [
            Ask(f"{item.item_id}:{request.name}", request, item)
            for item in self.folder.items(self.lease.shard)
            for request in self.lanes.requests
            if wanted(item, request)
        ]
        return found if only is None else [ask for ask in found if ask.name in only]

    def _call(self, calls: list[Ask], known: dict[str, list[Outcome]]) -> tuple[list[Outcome], bool]:
        """The outcomes in item order, and whether none is missing."""
        ask = self._ask_one_by_one if self.lease.lapses >= CAREFUL_AFTER else self._ask
        fault = ask([call for call in calls if call.name not in known], known)
        if fault is not None:
            self.ledger.set_state(self.lease.job, "blocked", reason=f"{fault.fault.code}: {fault}", do=fault.fault.do)
        whole = all(call.name in known for call in calls)
        return [row for call in calls for row in known.get(call.name, ())], whole

    def _ask(self, asked: list[Ask], known: dict[str, list[Outcome]]) -> JobFault | None:
        """Make calls into `known`; those that wait for a duplicate under way come last, until it is answered."""
        fault: JobFault | None = None
        full: MemoryError | None = None
        rounds = 0
        while asked and not self.stop.is_set():
            later: list[Ask] = []
            for ask, result in zip(asked, self.lanes.call(asked, self.lease, self.stop), strict=True):
                if isinstance(result, list):
                    known[ask.name] = result
                elif isinstance(result, Later):
                    later.append(replace(ask, content=result.content))
                elif isinstance(result, JobFault):
                    fault = fault or result
                elif isinstance(result, MemoryError):
                    full = result
                elif not isinstance(result, Stopped):
                    raise result
            if full is not None:  # what was in flight is answered and journalled: the next holder goes on from there
                self.journal.flush()
                raise full
            asked = later
            if asked:
                rounds += 1
                if rounds % _TELL_AGAIN == 0:
                    self._tell(known)
                self.stop.wait(min(0.05 * rounds, 1.0))
        return fault

    def _ask_one_by_one(self, asked: list[Ask], known: dict[str, list[Outcome]]) -> JobFault | None:
        """This shard's holders keep dying: find the call that kills them, and give it up. Its mates complete."""
        for ask in asked:
            if self.ledger.suspect(self.lease, ask.name) > SUSPECTED_AT_MOST:
                what = f"it was under way each of {SUSPECTED_AT_MOST} times that its worker died"
                known[ask.name] = self.lanes.give_up(ask.request, ask.item, self.lease, ask.attempts, Code.POISON, what)
            elif fault := self._ask_alone(ask, known):
                return fault
            if self.stop.is_set():
                break
            self.ledger.clear_of_suspicion(self.lease, ask.name)
        return None

    def _ask_alone(self, ask: Ask, known: dict[str, list[Outcome]]) -> JobFault | None:
        try:
            return self._ask([ask], known)
        except MemoryError:  # the worker lives, so this call is no poison
            self.ledger.clear_of_suspicion(self.lease, ask.name)
            raise

    def _tell(self, known: dict[str, list[Outcome]]) -> None:
        """Journal again what this shard knows: others may wait for an answer that a crashed Redis lost."""
        for name, rows in known.items():
            request = name.partition(":")[2]
            self.journal.settle(self.lease, Attempt(name, request, 0, "", encode(rows), counters_of(rows)))

    def _finish(self, outcomes: list[Outcome]) -> bool:
        return self.ledger.finish(self.lease, shard_counters(outcomes))

    def _give_back(self, outcomes: list[Outcome], number: int) -> None:
        """A worker that stops leaves what it knows in Redis. Where that is no place (the job stops short, the lease is
        lost, Redis was wiped), it goes into the folder."""
        state, held = self.ledger.renew(self.lease.job, [self.lease])
        if outcomes and not (state == "running" and held[self.lease]):
            if self.retry:
                self.folder.commit(self.lease.shard, outcomes, retry=self.retry.number)
            else:
                self.folder.commit(self.lease.shard, outcomes, partial=number)
        self.ledger.release(self.lease)

    def _by_call(self, outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
        """Outcomes of a partial part by call, those of a shared call together."""
        request_of = {choice.api.name: request.name for request in self.lanes.requests for choice in request.choices}
        calls: dict[str, list[Outcome]] = {}
        for row in outcomes:
            calls.setdefault(f"{row.item_id}:{request_of[row.api]}", []).append(row)
        return calls


def wanted(item: Item, request: Request) -> bool:
    """Whether this item is a call of this request: skipped items and other kinds are not."""
    return item.skip is None and item.kind == request.kind


def shard_counters(outcomes: list[Outcome]) -> Counter[str]:
    """The ledger's counters of a whole shard."""
    counters: Counter[str] = Counter()
    for row in outcomes:
        counters[f"{row.outcome}:{row.api}"] += 1
        counters[f"known:{row.api}"] += row.sent == "known"
        counters[f"units:{row.api}"] += row.units
        counters[f"maybe_billed:{row.api}"] += row.maybe_billed
        counters[f"attempts:{row.api}"] += row.attempts
    return counters
