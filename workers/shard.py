"""One shard, from lease to part: what a Celery task does.

    lease -> (part there? count it) -> journal of earlier holders -> calls on the job's lanes -> commit -> finish

Rule: the part is committed only under the lease, and everything the journal knows is in it.
"""

import logging
import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass

from jobs.apis import Request
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.ledger import Lease, Ledger
from jobs.outcomes import Outcome, from_table
from jobs.retries import Retry
from workers.calls import JobFault, decode
from workers.gate import Stopped
from workers.journal import Journal
from workers.lanes import Lanes

log = logging.getLogger(__name__)


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
        pending: list[tuple[str, Future[list[Outcome]]]] = []
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
                    future = self.lanes.submit(request, item, self.lease, intents.get(name, ""), self.stop)
                    pending.append((name, future))
        fault: JobFault | None = None
        for name, future in pending:
            try:
                known[name] = future.result()
            except Stopped:
                continue
            except JobFault as error:
                fault = error
                self.stop.set()
        if fault is not None:
            self.ledger.set_state(self.lease.job, "blocked", reason=f"{fault.fault.code}: {fault}", do=fault.fault.do)
        return [row for name in order if name in known for row in known[name]], all(name in known for name in order)

    def _finish(self, outcomes: list[Outcome]) -> bool:
        return self.ledger.finish(self.lease, tally(outcomes))

    def _give_back(self, outcomes: list[Outcome], number: int) -> None:
        """A job that stops short keeps what this shard knows in its folder; a worker that stops leaves it in Redis."""
        state = self.ledger.fields(self.lease.job).get("state", "gone")
        if outcomes and state not in ("running", "gone"):
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
        counters[f"units:{row.api}"] += row.units
        counters[f"maybe_billed:{row.api}"] += row.maybe_billed
        counters[f"attempts:{row.api}"] += row.attempts
    return counters
