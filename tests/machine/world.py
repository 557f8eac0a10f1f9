"""One run: workers, somebody at the command line, Redis, a folder, Rekognition, and what befalls them.

Rule: product code does all that is done to the job; the world only says who goes on, and what breaks.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from random import Random
from traceback import extract_tb
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.known.sync import index_job
from jobs.ledger import Lease, Ledger
from jobs.ledger.keys import key
from jobs.pools import place_of, pool_of
from jobs.status import Status, status_of
from rekscan.commands import steer as commands
from rekscan.settings import Connection
from reports.tables.build import build_tables
from tests.machine import faults, invariants, seams
from tests.machine import job as jobs_of
from tests.machine.endpoint import HANG, OK, REFUSED, Bill, Call, Endpoint
from tests.machine.invariants import Broken
from tests.machine.job import HERE, NANO, Job
from tests.machine.store import Server, Store
from tests.machine.tape import Tape
from tests.machine.threads import Process, Scheduler, outside, park, sleep
from workers.bell import QUEUE_KEY
from workers.config import WorkerConfig
from workers.runtime import Runtime

LEASE = 10.0
_ENDS_WITHIN = 240.0  # simulated seconds from the last fault to the end
_STEPS = 12_000
_RETRIES = 2
_IN_RETRIES = 3  # times as many faults in a retry, which is short


@dataclass(eq=False)
class Intent:
    """An attempt that the door let through: until it is in the folder, Redis and some processes know of it."""

    call: Call
    pool: str
    at: int  # the step
    knowers: set[Process]
    lost: bool = False  # Redis forgot it


@dataclass(eq=False)
class Worker:
    process: Process
    runtime: Runtime | None = None
    busy: int = 0


@cache
def _config(calls: int, slots: int) -> WorkerConfig:
    """One takes milliseconds to make."""
    return WorkerConfig(redis_url="redis://machine", lease_seconds=LEASE, calls=calls, shards=slots)


@dataclass(slots=True)
class Story:
    """What came of a run."""

    seed: int
    broken: Broken | None
    events: list[str]
    steps: int
    seconds: float  # simulated
    taken: dict[Any, int] = field(default_factory=dict)


class World:
    def __init__(self, tape: Tape, server: Server, home: Path, *, tables: bool = False) -> None:
        seams.install()
        self.tape = tape
        self.job: Job = jobs_of.drawn(tape)
        self.scheduler = Scheduler(self.job.start.timestamp())
        self.store = Store(server, self.scheduler, self._odd)
        self.endpoint = Endpoint(self.scheduler, self._answer, self._sent, self._billed)
        self.home = home
        self.cap = self.job.cap
        self.events: list[str] = []
        self.steps = 0
        self.calm = False
        self.done = False
        self.workers: list[Worker] = []
        self.person = Process("person")
        self.intents: defaultdict[Call, list[Intent]] = defaultdict(list)
        self.known: dict[Call, int] = {}  # answers that Redis has, and at which step it took them
        self.kept: dict[Call, int] = {}  # answers recorded in the folder
        self.taken: dict[str, int] = {}  # by fence: the step at which a shard was taken
        self.let_through: set[tuple[str, str, int]] = set()  # attempts: fence, call, number
        self.to_retry: list[Call] = []  # calls of a retry that is not on the table yet
        self.retried: dict[Call, float] = {}  # calls of retries, and when they were put there
        self.retries = 0
        self.fences: dict[tuple[int, str], Process] = {}
        self.remembered: int | None = None  # the step
        self.order: int = 0  # the step at which the newest order to stop was accepted
        self.begun: dict[Process, int] = {}  # the step at which a command began to put the job on the table
        self.broken: Broken | None = None
        self._fates: list[tuple[float, Callable[[], None]]] = []
        self._rings = 0
        self._tables = tables
        self._trouble = (0.0, 0.05, 0.2, 0.5)[tape.draw("trouble", 0.75, 3)]
        self._answers = [k for k in range(1, 11) if tape.draw(("answers", k), 0.4)]
        self._order = (0.0, 0.1, 0.4, 0.8)[tape.draw("order", 0.85, 3)]
        self._oddity = (0.0, 0.01)[tape.draw("odd", 0.15)]
        self._faults = faults.drawn(tape)
        self._often = (0.0, 0.006, 0.015, 0.03)[tape.draw("often", 0.9, 3)]
        self._about_retries = bool(tape.draw("about retries", 0.25))  # calls fail first, and then the faults come
        # Workers sleep past their lease where they send.
        self._freezing = (0.0, 0.2, 0.6)[tape.draw("freezing", 0.6 if self._about_retries else 0.2, 2)]
        self._calm_after = (300, 600, 1000)[tape.draw("length", 0.6, 2)]  # steps in which faults may happen
        self.dice = Random(tape.seed)  # what product code draws
        seams.now.world = self
        self.folder: JobFolder = jobs_of.write(str(home), self.job)

    # --- the run

    def run(self) -> Story:
        for _ in range(self.job.workers):
            self.start_worker()
        self.start_person()
        try:
            while self.broken is None and not self.done:
                self._step()
            if self.broken is None:
                self._let_rest()
                self.found(invariants.at_the_end(self))
        finally:
            self.scheduler.end()
            del seams.now.world
        return Story(
            self.tape.seed, self.broken, self.events, self.steps, self.scheduler.now - 1000.0, dict(self.tape.taken)
        )

    def _step(self) -> None:
        self.steps += 1
        if not self.calm and self.steps > self._calm_after:
            self._calm_down()
        if self.befalls:
            faults.maybe(self, self._faults, self._often * (_IN_RETRIES if self.retries else 1))
        due = [fate for fate in self._fates if fate[0] <= self.scheduler.now]
        for fate in due:
            self._fates.remove(fate)
            fate[1]()
        thread = self.scheduler.next(self.tape.draw_nth("pick", self.steps, self._order, 10**6))
        if thread is not None:
            self.scheduler.step(thread)
        elif times := [*self.scheduler.times(), *(when for when, _ in self._fates)]:
            self.pass_time(min(times) - self.scheduler.now)
        else:
            self.found([Broken("ends", "nobody can go on")])
        for thread, error in self.scheduler.crashed:
            where = " < ".join(f"{f.name}:{f.lineno}" for f in reversed(extract_tb(error.__traceback__)[-4:]))
            self.found([Broken("crash", f"{thread.process.name}/{thread.name}: {error!r} in {where}")])
        if self.steps > _STEPS or (self.calm and self.scheduler.now > self._calm_at + _ENDS_WITHIN):
            state = self.store.raw.hget(key(jobs_of.NAME), "state")
            self.found([Broken("ends", f"not finished {_ENDS_WITHIN:g} s after the last fault; state {state!r}")])

    @property
    def befalls(self) -> bool:
        """Whether anything may break now."""
        return not self.calm and bool(self.retries or not self._about_retries)

    def pass_time(self, seconds: float) -> None:
        self.scheduler.now += max(seconds, 0.0)
        self.store.tick()

    def _calm_down(self) -> None:
        """No more faults: who is frozen goes on, somebody takes the place of the dead."""
        self.calm = True
        self._calm_at = self.scheduler.now
        self.tell("calm")
        self.store.away = False
        for worker in self.workers:
            worker.process.frozen = False
        self.person.frozen = False
        for _ in range(self.job.workers - len(self.living())):
            self.start_worker()
        if self.person.dead:
            self.start_person()

    def _let_rest(self) -> None:
        """The job is done: those who were frozen, and requests under way, come to their end."""
        frozen = any(worker.process.frozen for worker in self.workers) or self.person.frozen
        if not self.calm:
            self._calm_down()
        end = self.scheduler.now + (3 * LEASE if frozen else HANG + 1)
        while self.broken is None and self.scheduler.now < end and self._under_way():
            self._step()

    def _under_way(self) -> bool:
        """Whether anybody does more than look for work."""
        idle = [worker.process for worker in self.workers if not worker.busy and not worker.process.stopped]
        return any(thread.process not in idle for thread in self.scheduler.threads)

    def found(self, broken: Iterable[Broken]) -> None:
        for one in broken:
            if self.broken is None:
                self.broken = one
                self.tell(f"BROKEN {one.rule}: {one.what}")

    def tell(self, what: str) -> None:
        self.events.append(f"{self.steps:5d} {self.scheduler.now - 1000:8.2f}s  {what}")

    def spend(self) -> int:
        """Nanodollars the endpoint billed, but for attempts that Redis forgot and the folder has not told it yet."""
        units: dict[tuple[str, str], int] = {}
        for bill in self.endpoint.bills:
            if bill.reread is not None or not bill.intent.lost:
                for meter in self.job.meters(bill.call[1]):
                    units[bill.pool, meter] = units.get((bill.pool, meter), 0) + 1
        return sum(self.job.price(place_of(pool), n) for (pool, _), n in units.items())

    def excused(self, bill: Bill) -> bool:
        """The exceptions of docs/guarantees.md: Redis lost the intent, and no process that knew of it was left."""
        return bill.intent.lost and all(process.dead for process in bill.intent.knowers)

    # --- processes

    def living(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.process.dead and not worker.process.stopped]

    def start_worker(self) -> None:
        worker = Worker(Process(f"worker {len(self.workers) + 1}"))
        self.workers.append(worker)
        self.scheduler.spawn(worker.process, "main", partial(self._work, worker))

    def start_person(self) -> None:
        self.person = Process("person")
        self.scheduler.spawn(self.person, "main", self._sit_there)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something to the world in a while, whoever lives then."""
        self._fates.append((self.scheduler.now + seconds, what))

    def command(self, name: str, work: Callable[[], object]) -> None:
        """A second person types a command."""

        def typed() -> None:
            with suppress(RedisError, OSError, RekscanError):
                work()

        self.scheduler.spawn(Process(name), name, typed)

    def _work(self, worker: Worker) -> None:
        """A worker process: Celery's part of it is these loops."""
        runtime = worker.runtime = Runtime(_config(self.job.calls, self.job.slots))
        runtime.name = worker.process.name
        redis = self.connect()
        slots = [
            self.scheduler.spawn(worker.process, f"slot {n}", partial(self._serve, worker, runtime, redis))
            for n in range(self.job.slots)
        ]
        park("works", lambda: worker.process.stopped)
        runtime.stop()
        park("shuts down", lambda: all(slot.dead for slot in slots))
        runtime.close()

    def _serve(self, worker: Worker, runtime: Runtime, redis: Redis) -> None:
        while not worker.process.stopped:
            seen = self._rings
            try:
                message: Any = redis.lpop(QUEUE_KEY)
            except RedisError:
                sleep(1)
                continue
            if message is None:
                park("idle", lambda: self._rings != seen or worker.process.stopped, self.scheduler.now + 5)  # noqa: B023
                continue
            job, number = json.loads(message)
            worker.busy += 1
            try:
                runtime.run(job, number)
            except Exception as error:  # Celery logs it, and takes the next message
                self.tell(f"{worker.process.name}: {type(error).__name__}: {error}")
            worker.busy -= 1

    def _sit_there(self) -> None:
        """Whoever wants the job done: follows it, resumes it, raises its cap, and retries what failed."""
        while not self.done:
            with suppress(KeyboardInterrupt):
                try:
                    self._go_on()
                except (RedisError, OSError, RekscanError) as error:
                    self.tell(f"the command failed: {type(error).__name__}: {error}")
                    sleep(2)

    def _go_on(self) -> None:
        sleep(0.05)
        found = self.status()
        if found.state == "finished":
            if not self._retry(found):
                self.done = True
            return
        if found.state == "blocked" and "report this as a bug" in found.do:
            self.found([Broken("bug", f"blocked: {found.reason}")])
        if found.state == "incomplete" and found.reason == "budget":
            self.raise_cap()
        if not self.calm:
            sleep(self.tape.draw(("thinks", self.steps), 0.3, 15))
        if found.state in ("starting", "running"):
            self.tell("watch")
            commands.watch(jobs_of.NAME, connection=self.connection(), json=True)
            return
        self.tell(f"resume (was {found.state}{': ' + found.reason if found.reason else ''})")
        commands.resume(jobs_of.NAME, connection=self.connection(), max_cost=self.cap_in_dollars(), json=True)

    def _retry(self, found: Status) -> bool:
        if not found.calls["failed"] or self.retries >= _RETRIES or self.calm:
            return False
        if not self.tape.draw(("retry", self.retries), 0.8):
            return False
        if self._about_retries and not self.retries:
            self._calm_after += self.steps
        self.retries += 1
        self.tell("retry")
        commands.retry(jobs_of.NAME, connection=self.connection(), json=True)
        return True

    def status(self) -> Status:
        return status_of(JobFolder(str(self.home), jobs_of.NAME), Ledger(self.connect()))

    def connection(self) -> Connection:
        return Connection(home=str(self.home), redis_url="redis://machine", region="us-east-1")

    def cap_in_dollars(self) -> Decimal | None:
        return None if self.cap is None else Decimal(self.cap) / NANO

    def raise_cap(self) -> None:
        if self.cap is not None:
            self.cap += 1000 * NANO if self.calm else NANO * (1 + self.tape.draw(("raise", self.steps), 0.5, 3))
            self.tell(f"the cap is ${self.cap / NANO:g}")

    # --- what product code is given (see seams.py)

    def connect(self) -> Redis:
        return self.store.client

    def ring(self, job: str, shard: int) -> None:
        self.store.client.rpush(QUEUE_KEY, json.dumps([job, shard]))
        self._rings += 1

    def content_of(self, item: int) -> str:
        return self.job.content_of(item)

    def build_tables(self, folder: JobFolder, **options: Any) -> None:
        if self._tables:
            outside(lambda: build_tables(folder, helpers=0, **options))
        else:
            folder.write("reports/tables.json", b"{}")

    def index_job(self, folder: JobFolder, **options: Any) -> None:
        """Where nothing is looked for in the index, making it costs a tenth of the run."""
        if self.job.twins or self._tables:
            index_job(folder, **options)

    # --- what product code did (see watch.py)

    def began(self, process: Process, lease: Lease, calls: list[tuple[str, str, int]], words: list[bytes]) -> None:
        for (name, request, number), word in zip(calls, words, strict=True):
            if not word.startswith(b"go"):
                continue
            attempt = (str(lease.fence), name, number)
            heard = attempt in self.let_through  # only the reply was lost: its intent is that of before
            self.let_through.add(attempt)
            call = self.call_of(name)
            pool = pool_of(self.month(), request.partition("@")[2])
            self.intents[call].append(Intent(call, pool, self.steps, {process}))
            taken = self.taken.get(str(lease.fence), self.steps)
            if not heard and (call in self.known or self.kept.get(call, taken) < taken):
                where = "Redis" if call in self.known else "the folder"
                self.found([Broken("asked again", f"{name} ({request}) by {process.name}: its answer is in {where}")])

    def leased(self, process: Process, lease: Lease) -> None:
        self.taken[str(lease.fence)] = self.steps
        holder = self.fences.setdefault((lease.shard, str(lease.fence)), process)
        if holder is not process:
            self.found([Broken("fence", f"{process.name} holds shard {lease.shard} by the fence of {holder.name}")])

    def in_folder(self) -> Counter[Call]:
        """Units and marks of each call."""
        return outside(lambda: invariants.counted(self)[0])

    def begins(self, process: Process) -> None:
        """A command learned of all orders until now."""
        self.begun[process] = self.steps

    def ordered(self) -> None:
        """Redis took an order to pause or to cancel."""
        self.order = self.steps

    def put_on_table(self, have: Counter[Call], fresh: bool, by: Process | None) -> None:
        """A job is on the table; where Redis had it not, as the folder has it, its newest retry too. `by`: a command,
        unless it only brings back what Redis forgot."""
        if by is not None and self.begun[by] < self.order:
            self.found([Broken("order", f"{by.name} goes on with what it was told to stop")])
        self.retried.update(dict.fromkeys(self.to_retry, self.scheduler.now))
        self.to_retry = []
        for call, bills in self.endpoint.by_call.items() if fresh else ():
            for bill in sorted(bills, key=lambda bill: bill.intent.lost)[: have[call]]:
                bill.reread = self.steps

    def adopted(self, process: Process, intents: Iterable[str]) -> None:
        for name in intents:
            for intent in self.intents[self.call_of(name)]:
                if not intent.lost:
                    intent.knowers.add(process)

    def answered(self, names: Iterable[str]) -> None:
        """Redis took these answers."""
        for name in names:
            self.known.setdefault(self.call_of(name), self.steps)

    def committed(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self.kept.setdefault(call, self.steps)

    def closed(self) -> None:
        """Redis forgot the job."""
        self.known.clear()
        self.found(outside(lambda: invariants.when_closed(self)))

    def planned_retry(self, calls: Iterable[Call]) -> None:
        self.to_retry = list(calls)

    def call_of(self, name: str) -> Call:
        item, _, request = name.partition(":")
        return int(item), jobs_of.OPERATIONS[request.partition("+")[0]]

    def month(self) -> str:
        return f"{datetime.fromtimestamp(self.scheduler.wall, UTC):%Y-%m}"

    def released(self, process: Process, lease: Lease) -> None:
        """Given back: what is known of the shard is left to Redis, or is in the folder."""
        for call, intents in self.intents.items():
            if call[0] // self.job.shard_size == lease.shard:
                for intent in intents:
                    intent.knowers.discard(process)

    def forget_since(self, step: int) -> None:
        """Redis lost what was written since a step."""
        for intents in self.intents.values():
            for intent in intents:
                intent.lost |= intent.at >= step
        for bill in self.endpoint.bills:
            if bill.reread is not None and bill.reread >= step:
                bill.reread = None
        self.known = {call: when for call, when in self.known.items() if when < step}
        self.order = 0 if self.order >= step else self.order

    # --- the endpoint

    def _answer(self, call: Call, number: int) -> int:
        if self._about_retries and not self.retries:
            return REFUSED if self.tape.draw(("answer", call, number), 0.6) else OK
        if self.calm or not self._answers:
            return OK
        drawn = self.tape.draw(("answer", call, number), self._trouble, 10**6)
        if not drawn:
            return OK
        kind = self._answers[drawn % len(self._answers)]
        self.tell(f"{call} attempt {number}: {faults.answer_name(kind)}")
        return kind

    def _sent(self, call: Call, process: Process, region: str) -> Intent:
        if self.befalls and self.tape.draw_nth("freezing", self.endpoint.requests.total(), self._freezing):
            for worker in self.workers:
                if worker.process is process:
                    faults.freeze_for(self, worker, 2.5 * LEASE)
        mine = [intent for intent in self.intents[call] if process in intent.knowers]
        if not mine:
            self.found([Broken("intent", f"{call} is sent by {process.name} without an intent")])
            return Intent(call, self.month(), self.steps, {process})
        if (place_of(mine[-1].pool) or HERE) != region:
            self.found([Broken("place", f"{call} is sent to {region}, and its intent is of {mine[-1].pool}")])
        return mine[-1]

    def _billed(self, bill: Bill) -> None:
        self.tell(f"{bill.call} is billed, attempt {bill.number} by {bill.by.name}")
        if self.cap is not None and self.spend() > self.cap and not bill.intent.lost:
            spent, cap = self.spend() / NANO, self.cap / NANO
            self.found([Broken("cap", f"${spent:g} billed under a cap of ${cap:g}")])

    def _odd(self, what: str) -> bool:
        if self.calm or not self._oddity:
            return False
        odd = bool(self.tape.draw_nth("odd", self.steps, self._oddity))
        if odd:
            self.tell(f"the reply to {what} is lost")
        return odd

    def interrupt(self) -> None:
        """Ctrl-C where the person follows a job."""
        for thread in self.scheduler.threads:
            if thread.process is self.person and thread.name == "main":  # Python's own rule
                thread.thrown = KeyboardInterrupt()
