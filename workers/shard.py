"""One shard, from lease to part: what a Celery task does.

    lease -> (part there? count it) -> journal of earlier holders -> calls on the job's lanes -> commit -> finish

Rule: the part is committed only under the lease, and everything the journal knows is in it.
"""

import logging
import threading
from collections import Counter
from dataclasses import dataclass, replace

from jobs.apis import Request
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.ledger import Attempt, Lease, Ledger
from jobs.outcomes import Outcome, from_table
from jobs.retries import Retry
from workers.calls import JobFault
from workers.gate import Stopped
from workers.journal import Journal
from workers.known import Later
from workers.lanes import Ask, Lanes
from workers.packing import counters_of, decode, encode

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
        if done := self.folder.part(self.lease.shard, retry=number):
            return self._finish(from_table(self.folder.result([done])))
        self.lanes.known.refresh()
        intents, answers = self.ledger.adopt(self.lease)
        known = {name: decode(data) for name, data in answers.items()}
        partial = [] if self.retry else self.folder.partial_parts(self.lease.shard)
        if partial:
            known |= self._by_call(from_table(self.folder.result(partial[-1:])))
        outcomes, whole = self._call(known, intents)
        self.journal.flush()
        if whole and self.ledger.renew(self.lease.job, [self.lease])[1][self.lease]:
            self.folder.commit(self.lease.shard, outcomes, retry=number)
            return self._finish(outcomes)
        if not whole:
            self._give_back(outcomes, len(partial) + 1)
        return False

    def _call(self, known: dict[str, list[Outcome]], intents: dict[str, str]) -> tuple[list[Outcome], bool]:
        """The outcomes in item order, and whether none is missing."""
        asked: list[Ask] = []
        order: list[str] = []
        only = self.retry.names(self.lease.shard) if self.retry else None
        for item in self.folder.items(self.lease.shard):
            for request in self.lanes.requests:
                if not wanted(item, request):
                    continue
                name = f"{item.item_id}:{request.name}"
                if only is not None and name not in only:
                    continue
                order.append(name)
                if name not in known:
                    asked.append(Ask(name, request, item, intents.get(name, "")))
        ask = self._ask_one_by_one if self.lease.lapses >= CAREFUL_AFTER else self._ask
        fault = ask(asked, known)
        if fault is not None:
            self.ledger.set_state(self.lease.job, "blocked", reason=f"{fault.fault.code}: {fault}", do=fault.fault.do)
        return [row for name in order if name in known for row in known[name]], all(name in known for name in order)

    def _ask(self, asked: list[Ask], known: dict[str, list[Outcome]]) -> JobFault | None:
        """Make calls into `known`; those that wait for a duplicate under way come last, until it is answered."""
        fault: JobFault | None = None
        rounds = 0
        while asked and not self.stop.is_set():
            results = self.lanes.call(asked, self.lease, self.stop)
            later: list[Ask] = []
            for ask, result in zip(asked, results, strict=True):
                if isinstance(result, list):
                    known[ask.name] = result
                elif isinstance(result, Later):
                    later.append(replace(ask, content=result.content))
                elif isinstance(result, JobFault):
                    fault = fault or result
                elif not isinstance(result, Stopped):
                    raise result
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
                known[ask.name] = self.lanes.give_up(ask.request, ask.item, self.lease, ask.attempts, "poison", what)
            elif fault := self._ask([ask], known):
                return fault
            if self.stop.is_set():
                break
            self.ledger.clear_of_suspicion(self.lease, ask.name)
        return None

    def _tell(self, known: dict[str, list[Outcome]]) -> None:
        """Journal again what this shard knows: others may wait for an answer that a crashed Redis lost."""
        for name, rows in known.items():
            request = name.partition(":")[2]
            self.journal.settle(self.lease, Attempt(name, request, 0, "", encode(rows), counters_of(rows)))

    def _finish(self, outcomes: list[Outcome]) -> bool:
        return self.ledger.finish(self.lease, tally(outcomes))

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


def tally(outcomes: list[Outcome]) -> Counter[str]:
    """The ledger's counters of a whole shard."""
    counters: Counter[str] = Counter()
    for row in outcomes:
        counters[f"{row.outcome}:{row.api}"] += 1
        counters[f"known:{row.api}"] += row.sent == "known"
        counters[f"units:{row.api}"] += row.units
        counters[f"maybe_billed:{row.api}"] += row.maybe_billed
        counters[f"attempts:{row.api}"] += row.attempts
    return counters
