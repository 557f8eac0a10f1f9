"""One shard, from lease to part: what a Celery task does.

    lease -> what the folder and the journal know of it -> calls on the job's lanes -> part -> finish

Rule: facts are only ever added. A holder that made every call writes the whole part, under the lease; whatever else one
knows when it lets go (answers, attempts without an answer) it writes under a name that only it can use, unless the
next holder finds it in Redis. Between the look at the lease and the write another may become the holder: both write
what they know, and whoever reads takes the union (jobs/folder/facts.py).
"""

import logging
import threading
from collections import ChainMap, Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from redis.exceptions import RedisError

from jobs.attempts import NONE, Attempts, ByApi
from jobs.codes import Code
from jobs.costs import shard_tally
from jobs.folder import JobFolder, ShardParts
from jobs.folder.facts import rows_of, wanted
from jobs.folder.half_written import set_aside
from jobs.folder.retries import Retry
from jobs.ledger import Attempt, Lease, Ledger
from jobs.outcomes import FREE, OPEN, Outcome, counted_as
from workers.calls.attempts import JobFault
from workers.calls.cascade import Waiting
from workers.calls.copies import Later
from workers.calls.lanes import Ask, Lanes
from workers.calls.news import news
from workers.calls.rows import storable, unanswered, with_all_attempts
from workers.calls.streak import Undecided
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
    retry: Retry | None = None  # ask only these calls, into parts of their own
    parts: ShardParts = field(default_factory=ShardParts)  # what the folder had of it at the start
    asks: list[Ask] = field(default_factory=list)  # every call of it, in item order
    known: dict[str, list[Outcome]] = field(default_factory=dict)  # call -> its outcomes
    beside: dict[str, list[Outcome]] = field(default_factory=dict)  # those of calls that a retry does not ask
    begun: bool = False  # calls may be under way, or their answers on the way into the folder

    def run(self) -> bool:
        """True when the shard is done, False when it was given back or lost."""
        try:
            self.take()
            self.begun = True
            self.ask()
            return self.end()
        except BaseException:
            self.save()
            raise

    @property
    def number(self) -> int:
        """Of the retry, 0 for the scan."""
        return self.retry.number if self.retry else 0

    @property
    def missing(self) -> list[Ask]:
        """The calls without an outcome."""
        return [ask for ask in self.asks if ask.name not in self.known]

    def take(self) -> None:
        """What the folder and the holders before know of it."""
        self.parts = set_aside(self.folder, self.lease.shard)
        mine = rows_of(self.folder, self.parts, retry=self.number)
        # A holder of the scan may have come back late with an answer that a retry was to ask for again.
        mine += [row for row in rows_of(self.folder, self.parts) if row.outcome == "ok"] if self.retry else []
        self.journal.flush()  # an earlier holder in this process may have answers that Redis does not know yet
        intents, answers = self.ledger.adopt(self.lease)
        kept, attempts = self._by_call(mine)
        found = {name: decode(data) for name, data in answers.items()} | kept
        self.asks = [
            replace(ask, attempts=_both(intents.get(ask.name, {}), attempts.get(ask.name, {}))) for ask in self._calls()
        ]
        of = {ask.name: ask.attempts for ask in self.asks}
        self.known = {name: with_all_attempts(rows, of[name]) for name, rows in found.items() if name in of}
        if self.retry and self.lanes.conditions:
            whole, _ = self._by_call(rows_of(self.folder, self.parts))
            self.beside = {name: rows for name, rows in whole.items() if name not in of}

    def ask(self) -> None:
        """Make the calls that are missing, as far as nothing stops them. What came of them is in the journal after."""
        if missing := self.missing:
            self.lanes.known.refresh()
            if self.known and self.folder.spec.options.near:
                self._tell()  # what only the folder knew others look for in the journal
            self.lanes.proved(self._answered())
            fault = self._ask_one_by_one(missing) if self.lease.lapses >= CAREFUL_AFTER else self._ask(missing)
            if fault is not None:
                reason = storable(f"{fault.fault.code}: {fault}")
                self.ledger.set_state(self.lease.job, "blocked", reason=reason, do=fault.fault.do)
        self.journal.flush()

    def end(self) -> bool:
        """Commit it, or give it back."""
        if self.missing or not self.ledger.renew(self.lease.job, [self.lease])[1][self.lease]:
            self.save()
            self.ledger.release(self.lease)
            return False
        return self.ledger.finish(self.lease, self.commit())

    def commit(self) -> dict[str, int]:
        """Write the whole part; the counters of the shard."""
        rows = self.rows()
        first = self.folder.commit(self.lease.shard, rows, retry=self.number)
        if first and not self.parts.names:
            return shard_counters(rows)
        if not first:
            self._keep_apart()  # what the part of the one who was first has not
        return shard_tally(self.folder, self.folder.parts_of(self.lease.shard)).counters()

    def save(self) -> None:
        """What is known stays in Redis for the next holder. Where that is no place (the job stops, the lease is lost,
        Redis is away or was wiped), it goes into the folder."""
        self.journal.flush()
        try:
            state, held = self.ledger.renew(self.lease.job, [self.lease])
        except RedisError:
            state, held = "", {}
        if not (state == "running" and held[self.lease]):
            self._keep_apart()

    def _keep_apart(self) -> None:
        """Write what is known and the folder has not as this holder's own part."""
        if found := news(self.folder, self.lease.shard, self.rows()):
            self.folder.commit(self.lease.shard, found, holder=self.lease.fence, retry=self.number)

    def rows(self) -> list[Outcome]:
        """What is known, in item order: outcomes, and the attempts at calls that have none."""
        return [row for ask in self.asks for row in self.known.get(ask.name) or unanswered(ask.item, ask.attempts)]

    def _calls(self) -> list[Ask]:
        """The calls of this shard in item order, whatever is known of them."""
        only = self.retry.names(self.lease.shard) if self.retry else None
        found = [
            Ask(f"{item.item_id}:{request.name}", request, item)
            for item in self.folder.items(self.lease.shard)
            for request in self.lanes.requests
            if wanted(item)
        ]
        return found if only is None else [ask for ask in found if ask.name in only]

    def _answered(self) -> set[str]:
        """APIs that have answered some picture of this job before, in any process."""
        here = {row.api for rows in self.known.values() for row in rows if row.outcome == "ok" and row.sent not in FREE}
        fields = self.ledger.fields(self.lease.job)
        there = {api for name in fields for kind, _, api in [name.partition(":")] if kind == "ok"}
        return here | {api for api in there if int(fields[f"ok:{api}"]) > int(fields.get(f"known:{api}", 0))}

    def _ask(self, asked: list[Ask]) -> JobFault | None:
        """Make calls; those that wait for a duplicate under way come last, until it is answered."""
        fault: JobFault | None = None
        full: MemoryError | None = None
        rounds = 0
        while asked and not self.stop.is_set():
            later: list[Ask] = []
            undecided: list[tuple[Ask, Undecided]] = []
            given = ChainMap(self.known, self.beside)
            for ask, result in zip(asked, self.lanes.call(asked, self.lease, self.stop, given), strict=True):
                if isinstance(result, list):
                    self.known[ask.name] = result
                elif isinstance(result, Later):
                    later.append(replace(ask, content=result.content))
                elif isinstance(result, Waiting):
                    later.append(ask)
                elif isinstance(result, Undecided):
                    undecided.append((ask, result))
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
            if fault is None and not self.stop.is_set():
                asked += self._decide(undecided)
            if asked:
                rounds += 1
                if rounds % _TELL_AGAIN == 0:
                    self._tell()
                self.stop.wait(min(0.05 * rounds, 1.0))
        return fault

    def _decide(self, undecided: list[tuple[Ask, Undecided]]) -> list[Ask]:
        """Calls that failed alone are failed rows; those behind which the service is not well are to be asked again."""
        if not undecided:
            return []
        self.journal.flush()
        shut = {name.partition("@")[0] for name in self.ledger.shut(self.lease.job)}
        again = [ask for ask, why in undecided if why.fault.of_service and ask.request.name in shut]
        for ask, why in undecided:
            if ask not in again:
                self.known[ask.name] = why.keep()
        return again

    def _ask_one_by_one(self, asked: list[Ask]) -> JobFault | None:
        """This shard's holders keep dying: find the call that kills them, and give it up. Its mates complete."""
        for ask in asked:
            if self.ledger.suspect(self.lease, ask.name) > SUSPECTED_AT_MOST:
                what = f"it was under way each of {SUSPECTED_AT_MOST} times that its worker died"
                self.known[ask.name] = self.lanes.give_up(ask, self.lease, Code.POISON, what)
            elif fault := self._ask_alone(ask):
                return fault
            if self.stop.is_set():
                break
            self.ledger.clear_of_suspicion(self.lease, ask.name)
        return None

    def _ask_alone(self, ask: Ask) -> JobFault | None:
        try:
            return self._ask([ask])
        except MemoryError:  # the worker lives, so this call is no poison
            self.ledger.clear_of_suspicion(self.lease, ask.name)
            raise

    def _tell(self) -> None:
        """Journal again what this shard knows: others may wait for an answer that a crashed Redis lost."""
        for name, rows in self.known.items():
            request = name.partition(":")[2]
            self.journal.settle(self.lease, Attempt(name, request, 0, "", encode(rows), counters_of(rows)))

    def _by_call(self, rows: Iterable[Outcome]) -> tuple[dict[str, list[Outcome]], dict[str, dict[str, Attempts]]]:
        """Rows of parts by call, those of a shared call together: outcomes of calls that have all of theirs, and the
        attempts at any."""
        request_of = {choice.api.name: request for request in self.lanes.requests for choice in request.choices}
        outcomes: dict[str, dict[str, Outcome]] = {}
        attempts: dict[str, dict[str, Attempts]] = {}
        for row in rows:
            name = f"{row.item_id}:{request_of[row.api].name}"
            attempts.setdefault(name, {})[row.api] = Attempts.parse(row.marks)
            if row.outcome != OPEN:
                outcomes.setdefault(name, {})[row.api] = row
        whole = {
            name: [found[choice.api.name] for choice in request.choices]
            for name, found in outcomes.items()
            for request in [request_of[next(iter(found))]]
            if len(found) == len(request.choices)
        }
        return whole, attempts


def _both(one: ByApi, other: ByApi) -> dict[str, Attempts]:
    return {api: one.get(api, NONE) | other.get(api, NONE) for api in {**one, **other}}


def shard_counters(outcomes: Iterable[Outcome]) -> Counter[str]:
    """The ledger's counters of a whole shard."""
    counters: Counter[str] = Counter()
    for row in outcomes:
        counters.update(f"{name}:{row.api}" for name in counted_as(row.outcome, row.code))
        counters[f"known:{row.api}"] += row.sent in FREE
        for pool, attempts, units, maybe_billed in Attempts.parse(row.marks).pools():
            counters[f"units:{row.api}:{pool}"] += units
            counters[f"maybe_billed:{row.api}:{pool}"] += maybe_billed
            counters[f"attempts:{row.api}"] += attempts
    return counters
