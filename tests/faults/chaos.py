"""Seeded chaos, as long as asked: `make chaos FLAGS="--seconds 3600 --seed 7"`.

Each round is a small job of a cluster: workers, Redis or everything is killed, frozen past a lease and thawed, the
endpoint is cut off, the job is paused, cancelled, capped, resumed, and retried where calls failed, whatever the dice
say. Then its folder is held against the endpoint's own count, and its tables against those of an undisturbed job.

Rule: a round begins where the one before ended, on the same processes: only what was killed is started again.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from jobs import costs
from jobs.apis import catalogue
from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.folder.retries import plan_retry
from jobs.ledger import Ledger
from jobs.ledger.keys import key
from jobs.outcomes import Outcome
from jobs.status import STATUS, Status, status_of
from rekscan.scans.open import open_job
from rekscan.scans.order import Order, plan_order
from rekscan.scans.run import hand_over
from rekscan.settings import Settings, resolve
from tests.support import forks
from tests.support.proxy import Proxy, proxy
from tests.support.redis import RedisServer
from tests.support.scans import Emulator, Tables, emulator, kept_in, make_photos
from tests.support.waiting import until
from workers import app, bell
from workers.config import connect
from workers.reconcile import reconcile

PHOTOS, BROKEN, SHARD = 24, 2, 6
CALLS = PHOTOS * 2  # faces; labels and properties share one
SETS = 8  # of photos: no two rounds near each other have one in common
WORKERS = 2
LEASE = 1.0  # seconds
APIS = "labels,faces,properties"
TABLES = {
    "images": ("uri", "size", "since"),
    "labels": ("uri",),
    "faces": ("uri",),
    "properties": ("uri",),
}  # but for these
ENV = {"REKSCAN_LEASE_SECONDS": str(LEASE), "REKSCAN_READ_TIMEOUT": "2", "REKSCAN_SHARDS": "2"}
TROUBLE = ("*:500:3%", "*:400:ThrottlingException:3%", "*:reset:1%", "*:truncate:1%")
REFUSED = "DetectFaces:400:InvalidImageFormatException:4"  # the first four: something to retry
ENOUGH = Decimal(100)


@dataclass
class Cluster:
    """What lives from round to round."""

    root: Path
    redis: RedisServer
    rekognition: Emulator
    network: Proxy
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def settings(self, home: Path) -> Settings:
        url = f"http://{self.network.address}"
        where = {"home": str(home), "redis_url": self.redis.url, "region": "us-east-1"}
        return resolve(None, **where, rekognition_endpoint_url=url, shard_size=SHARD)

    def start_workers(self) -> None:
        """As many as there should be."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < WORKERS:
            with (self.root / "workers.log").open("ab") as log:
                env = {**os.environ, **ENV, "REKSCAN_REDIS_URL": self.redis.url, "AWS_REGION": "us-east-1"}
                command = [sys.executable, "-m", "rekscan", "worker"]
                self.workers.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))

    def stop(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        for worker in self.workers:
            worker.wait()

    @property
    def redis_pid(self) -> int:
        assert self.redis.process is not None
        return self.redis.process.pid


@contextmanager
def cluster(root: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        redis = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
        stack.callback(redis.stop)
        rekognition = stack.enter_context(emulator(root, "--latency", "50ms"))
        made = Cluster(root, redis, rekognition, stack.enter_context(proxy(rekognition.url)))
        stack.callback(made.stop)
        app.configure(redis.url)
        made.start_workers()
        yield made


@dataclass
class Round:
    """One job and what is done to it."""

    cluster: Cluster
    dice: random.Random
    settings: Settings
    folder: JobFolder
    ledger: Ledger
    cap: Decimal | None
    done: list[str] = field(default_factory=list)
    forgot: bool = False  # Redis may have forgotten its last second, or all of it

    @property
    def job(self) -> str:
        return self.folder.job

    def is_over(self) -> bool:
        return not self.ledger.is_live(self.job)

    def status(self) -> Status:
        return status_of(self.folder, self.ledger)

    def goes_on(self) -> None:
        """Wait until more calls are made, a drawn number, or none will be."""
        before, more = self.cluster.rekognition.total(), self.dice.randint(3, CALLS // 3)

        def made() -> bool:
            running = self.ledger.fields(self.job).get("state") == "running" and self.ledger.is_live(self.job)
            return not running or self.cluster.rekognition.total() >= before + more

        until(made, "calls are made", seconds=90)

    def lapse(self) -> None:
        """Wait until leases that nobody renews are over."""
        late = time.monotonic() + LEASE * self.dice.uniform(1.1, 1.6)
        until(lambda: time.monotonic() > late, "a lease lapses")

    def resume(self) -> None:
        """As `rekscan resume --max-cost`."""
        self.held_to_cap()
        self.cap = None
        self.folder.delete(STATUS)
        open_job(self.ledger, self.folder, max_cost=ENOUGH)

    def held_to_cap(self) -> None:
        if self.cap is None or self.forgot:
            return
        found = costs.reckon(self.folder.spec, costs.tally(self.folder))
        assert (found.actual_usd or 0) + (found.maybe_usd or 0) <= self.cap, "the cap was passed"

    def ends(self) -> bool:
        """Whether it is finished; goes on with it where it stands still."""
        live, state = self.ledger.is_live(self.job), self.status().state
        if live and state in ("paused", "blocked") and not self.ledger.table(self.job)["held"]:
            assert "bug" not in self.status().do, self.status()
            self.resume()
        elif not live and state != "finished":
            self.resume()
        return not live and state == "finished"

    def finish(self) -> None:
        try:
            until(self.ends, "the job is finished", seconds=150)
        except AssertionError as error:
            raise AssertionError(f"does not end: {self.stands()}") from error

    def forget(self) -> None:
        """Redis keeps its counters, and nothing else of it."""
        try:
            until(lambda: not self.left(), "only the counters are left")
        except AssertionError as error:
            raise AssertionError(f"left in Redis: {self.left()}") from error
        self.ledger.redis.delete(key(self.job))

    def stands(self) -> tuple[object, ...]:
        """How the job stands, for one that does not end."""
        redis, job = self.ledger.redis, self.job
        tables = {name: redis.hgetall(key(job, name)) for name in ("holders", "lapses")}
        return self.status(), self.ledger.table(job), self.ledger.fields(job), tables, redis.llen(bell.QUEUE_KEY)

    def left(self) -> dict[str, object]:
        """What Redis keeps beside its counters; of messages, what they are."""
        redis, names = self.ledger.redis, kept_in(self.ledger.redis) - {key(self.job)}
        return {name: redis.hgetall(name) if name == bell.UNACKED else redis.type(name) for name in names}


# --- blows: what is done to a round


def kill_worker(it: Round) -> None:
    it.dice.choice(it.cluster.workers).kill()
    _wait_for_dead(it)


def stop_worker(it: Round) -> None:
    it.dice.choice(it.cluster.workers).terminate()
    _wait_for_dead(it)


def freeze_worker(it: Round) -> None:
    _freeze(it, [it.dice.choice(it.cluster.workers).pid])


def freeze_workers(it: Round) -> None:
    _freeze(it, [worker.pid for worker in it.cluster.workers])


def freeze_redis(it: Round) -> None:
    _freeze(it, [it.cluster.redis_pid])


def freeze_all(it: Round) -> None:
    _freeze(it, [it.cluster.redis_pid, *(worker.pid for worker in it.cluster.workers)])


def freeze_and_steer(it: Round) -> None:
    """The holder sleeps, the job is stopped and gone on with meanwhile."""
    pid = it.dice.choice(it.cluster.workers).pid
    os.kill(pid, signal.SIGSTOP)
    it.dice.choice((pause, cancel))(it)
    it.lapse()
    if it.dice.random() < 0.5:
        until(lambda: it.is_over() or not it.ledger.table(it.job)["held"], "nobody holds a shard")
        it.resume()
    os.kill(pid, signal.SIGCONT)


def kill_redis(it: Round) -> None:
    it.forgot = True
    it.cluster.redis.kill()
    it.cluster.redis.start()


def power_cut(it: Round) -> None:
    for worker in it.cluster.workers:
        worker.kill()
    kill_redis(it)
    _wait_for_dead(it)


def wipe_redis(it: Round) -> None:
    it.forgot = True
    it.ledger.redis.flushall()


def cut_endpoint(it: Round) -> None:
    it.cluster.network.cut()
    it.lapse()
    it.cluster.network.mend()


def silence_endpoint(it: Round) -> None:
    it.cluster.network.silence()
    it.lapse()
    it.cluster.network.mend()


def pause(it: Round) -> None:
    if it.ledger.is_live(it.job):
        it.ledger.set_state(it.job, "paused")


def cancel(it: Round) -> None:
    if it.ledger.is_live(it.job):
        it.ledger.order(it.job, "cancelled")
        reconcile(it.ledger, bell.ring)


BLOWS: dict[Callable[[Round], None], int] = {  # how often each is drawn
    freeze_worker: 4,
    freeze_workers: 2,
    freeze_redis: 3,
    freeze_all: 3,
    freeze_and_steer: 4,
    kill_worker: 2,
    stop_worker: 1,
    kill_redis: 1,
    power_cut: 1,
    wipe_redis: 1,
    cut_endpoint: 1,
    silence_endpoint: 1,
    pause: 2,
    cancel: 2,
}


def _wait_for_dead(it: Round) -> None:
    until(lambda: any(worker.poll() is not None for worker in it.cluster.workers), "a worker ends")
    it.cluster.start_workers()


def _freeze(it: Round, pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    it.lapse()
    it.dice.shuffle(pids)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def strike(it: Round, blows: int) -> None:
    for _ in range(blows):
        it.goes_on()
        blow = it.dice.choices(list(BLOWS), list(BLOWS.values()))[0]
        it.done.append(blow.__name__)
        blow(it)


# --- a round and what must be true of it


def begin(made: Cluster, dice: random.Random, photos: Path, home: Path) -> Round:
    settings = made.settings(home)
    order = Order(yes=True, tps=["labels=20", "faces=20"])
    planned = plan_order([str(photos)], [APIS], order, settings)
    cap = None
    if dice.random() < 0.4 and planned.plan.total is not None:
        cap = (planned.plan.total * Decimal(dice.uniform(0.2, 0.9))).quantize(Decimal("0.0001"))
    planned.discard()
    folder = plan_order([str(photos)], [APIS], Order(**{**vars(order), "max_cost": cap}), settings).approved(yes=True)
    ledger = Ledger(connect(made.redis.url))
    hand_over(ledger, folder, settings)
    return Round(made, dice, settings, folder, ledger, cap, [f"cap {cap}"] if cap else [])


def play(it: Round, calm: Tables) -> None:
    strike(it, it.dice.randint(1, 3))
    it.finish()
    while it.status().calls["failed"]:
        it.done.append("retry")
        plan_retry(it.folder)
        it.resume()
        if it.dice.random() < 0.5:
            strike(it, 1)
        it.finish()
    check(it, calm)


def check(it: Round, calm: Tables) -> None:
    status = it.status()
    assert status.calls["planned"] == status.done, status
    rows = [row for parts in it.folder.shard_parts().values() for row in rows_of(it.folder, parts)]
    if not it.forgot:
        until(lambda: not unowned(it), f"the folder owns all that was billed: {unowned(it)}", seconds=10)
    billed = it.cluster.rekognition.billed()
    invented = [name for name, row in _calls(rows).items() if row.units > billed.get(name[0], {}).get(name[1], 0)]
    assert not invented, f"counted and not billed: {invented}"
    found = Tables(Path(it.settings.home) / it.job)
    for name, without in TABLES.items():
        assert found.rows(name, *without) == calm.rows(name, *without), f"{name} differ"
    it.forget()


def unowned(it: Round) -> dict[tuple[str, str], str]:
    """Calls that were billed more often than the folder says they may have been."""
    rows = [row for parts in it.folder.shard_parts().values() for row in rows_of(it.folder, parts)]
    owned = {name: row.units + row.maybe_billed for name, row in _calls(rows).items()}
    billed = {(op, content): n for op, by in it.cluster.rekognition.billed().items() for content, n in by.items()}
    return {n: f"{count} billed, {owned[n]} owned" for n, count in billed.items() if n in owned and count > owned[n]}


def _calls(rows: list[Outcome]) -> dict[tuple[str, str], Outcome]:
    """By operation and content; APIs that share a call say the same."""
    return {(catalogue()[row.api].operation, row.content.removeprefix("sha256:")): row for row in rows if row.content}


def rounds(made: Cluster, root: Path, seed: int, seconds: float) -> Iterator[tuple[int, Round, str]]:
    """Seed, round and what broke ('': nothing)."""
    photos = [make_photos(root / f"photos-{n}", PHOTOS, broken=BROKEN, shade=n) for n in range(SETS)]
    made.rekognition.set_faults()
    calm = begin(made, random.Random(0), photos[0], root / "calm")
    calm.finish()
    calm.forget()
    undisturbed = Tables(Path(calm.settings.home) / calm.job)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        dice = random.Random(seed)
        made.rekognition.reset()
        made.rekognition.set_faults(*TROUBLE, *([REFUSED] if dice.random() < 0.3 else []))
        began = time.monotonic()
        it = begin(made, dice, photos[seed % SETS], root / str(seed))
        broken = ""
        try:
            play(it, undisturbed)
        except AssertionError:
            broken = traceback.format_exc(limit=-3)
            made.network.mend()
            for pid in (made.redis_pid, *(worker.pid for worker in made.workers)):
                os.kill(pid, signal.SIGCONT)
            it.ledger.redis.flushall()
        made.start_workers()
        it.done.append(f"{time.monotonic() - began:.1f} s")
        yield seed, it, broken
        seed += 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    forks.install()
    blows: Counter[str] = Counter()
    played, failed, started = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rk") as name, cluster(Path(name)) as made:
        for seed, it, broken in rounds(made, Path(name), asked.seed, asked.seconds):
            played += 1
            failed += bool(broken)
            blows.update(word for word in it.done if word.isidentifier())
            print(f"seed {seed}: {', '.join(it.done)}{' BROKEN' if broken else ''}\n{broken}".rstrip(), flush=True)
    took = time.monotonic() - started
    print(f"{played} rounds in {took:.0f} s ({played / took * 3600:.0f} an hour), {failed} broken; {dict(blows)}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
