"""The gate as worker threads use it: real threads, a real Redis, its own clock."""

import asyncio
import contextlib
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from jobs.apis import parse, requests
from jobs.folder import JobSpec
from jobs.planned import PlanDocument, PlannedRate, PlannedRates
from tests.support.redis import RedisServer
from workers.config import connect
from workers.gate.gate import MOST, Block, Gate, Quota, Stopped, Turnstile
from workers.shards.job_roads import quota_of

QUOTA = Quota("account", "us-east-1", "DetectLabels", 400, exact=True)


def _reserve(gate: Gate, name: str = "one") -> tuple[float, Block]:
    """The next block and when it was taken, after waiting as told while the schedule is full."""
    while True:
        before = time.time()
        block = gate.take(QUOTA, "job", name)
        if block.permits:
            return before, block
        time.sleep(block.wait)


def test_permits_of_many_turnstiles_never_stand_closer_than_the_rate(redis: "Redis[bytes]") -> None:
    gate = Gate(redis)
    slots: list[float] = []
    lock = threading.Lock()

    def reserve(name: str) -> None:
        for _ in range(10):
            before, block = _reserve(gate, name)
            with lock:
                slots.extend(before + block.wait + n * block.interval for n in range(block.permits))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reserve, map(str, range(8))))
    slots.sort()
    assert len(slots) / (slots[-1] - slots[0]) <= QUOTA.tps * 1.01
    assert len(slots) == int(redis.hget(QUOTA.keys[0], "count") or 0)


class _Watched(Gate):
    """Keeps what Redis answered."""

    def __init__(self, redis: "Redis[bytes]") -> None:
        super().__init__(redis)
        self.blocks: list[Block] = []

    def take(self, quota: Quota, job: str, turnstile: str, *, wasted: int = 0, most: int = MOST) -> Block:
        self.blocks.append(super().take(quota, job, turnstile, wasted=wasted, most=most))
        return self.blocks[-1]


def test_of_a_thousand_turnstiles_none_holds_a_permit_more_than_a_second_ahead(redis: "Redis[bytes]") -> None:
    gate, stop = _Watched(redis), threading.Event()
    turnstiles = [Turnstile(gate, QUOTA, f"job{n % 3}") for n in range(1000)]
    tickets: list[int] = []

    async def calls(turnstile: Turnstile) -> None:
        with contextlib.suppress(Stopped):
            while True:
                tickets.append(await turnstile.pass_through(stop))
                if len(tickets) == 300:
                    stop.set()

    async def all_at_once() -> None:
        await asyncio.gather(*map(calls, turnstiles))

    asyncio.run(all_at_once())
    given = [block for block in gate.blocks if block.permits]
    assert max(block.wait + (block.permits - 1) * block.interval for block in given) <= 1
    assert any(not block.permits for block in gate.blocks)
    assert len(set(tickets)) == len(tickets) >= 300


def test_every_ticket_is_given_once(redis: "Redis[bytes]") -> None:
    gate = Gate(redis)
    turnstiles = [Turnstile(gate, QUOTA, f"job{n % 2}") for n in range(3)]
    stop = threading.Event()

    async def some(number: int) -> list[int]:
        return [await turnstiles[number % 3].pass_through(stop) for _ in range(10)]

    async def all_at_once() -> list[list[int]]:
        return await asyncio.gather(*(some(number) for number in range(12)))

    assert len({ticket for found in asyncio.run(all_at_once()) for ticket in found}) == 120


def test_a_waiting_call_stops_at_once_and_leaves_its_permit_to_another(redis: "Redis[bytes]") -> None:
    slow = Quota("account", "us-east-1", "DetectText", 0.5, exact=True)
    turnstile = Turnstile(Gate(redis), slow)
    go_on, stop = threading.Event(), threading.Event()

    async def three_calls() -> tuple[int, int]:
        first = await turnstile.pass_through(go_on)
        waiting = asyncio.create_task(turnstile.pass_through(stop))
        while int(redis.hget(slow.keys[0], "count") or 0) == first:
            await asyncio.sleep(0.01)  # until it has reserved
        stop.set()
        with pytest.raises(Stopped):
            await asyncio.wait_for(waiting, 2)
        return first, await turnstile.pass_through(go_on)

    first, last = asyncio.run(three_calls())
    assert last == first + 1


def test_calls_wait_for_a_redis_that_died_and_go_on_with_what_it_knew() -> None:
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
    try:
        turnstile = Turnstile(Gate(connect(server.url)), QUOTA)
        stop = threading.Event()

        async def calls(count: int) -> None:
            for _ in range(count):
                await turnstile.pass_through(stop)

        async def across_a_death() -> None:
            await calls(20)
            server.kill()
            rest = asyncio.create_task(calls(40))
            await asyncio.to_thread(server.start)
            await asyncio.wait_for(rest, 30)

        asyncio.run(across_a_death())
        assert int(connect(server.url).hget(QUOTA.keys[0], "count") or 0) >= 60
    finally:
        server.stop()


def test_a_wiped_redis_starts_slowly_again_and_old_tickets_mean_nothing(redis: "Redis[bytes]") -> None:
    gate = Gate(redis)
    turnstile, stop = Turnstile(gate, QUOTA), threading.Event()

    async def calls() -> list[int]:
        return [await turnstile.pass_through(stop) for _ in range(100)]

    old = max(asyncio.run(calls()))
    redis.flushall()
    redis.script_flush()
    assert not gate.throttled(QUOTA, old)
    assert gate.take(QUOTA, "job", "one").interval >= 1 / (QUOTA.tps * 0.31)
    assert not gate.throttled(QUOTA, old)


def test_many_refusals_of_one_moment_drop_the_rate_once(redis: "Redis[bytes]") -> None:
    gate = Gate(redis)
    for _ in range(20):
        _, last = _reserve(gate)
    before = 1 / last.interval
    assert gate.throttled(QUOTA, 50)
    # One more of 50 sent before the drop was refused: no reason to go lower still.
    assert not gate.throttled(QUOTA, 99)
    after = 1 / _reserve(gate)[1].interval
    assert 0.8 * before <= after < before


def test_the_share_of_refusals_says_how_far_to_drop(redis: "Redis[bytes]") -> None:
    gate = Gate(redis)
    for _ in range(40):
        _, last = _reserve(gate)
    for ticket in range(100, 140, 2):  # every second call was refused
        gate.throttled(QUOTA, ticket)
    after = 1 / _reserve(gate)[1].interval
    assert 0.45 * (1 / last.interval) <= after <= 0.6 * (1 / last.interval)


def test_jobs_that_believe_different_rates_do_not_disturb_each_other(redis: "Redis[bytes]") -> None:
    gate = Gate(redis)
    named = Quota("account", "us-east-1", "DetectLabels", 20, exact=True)
    for _ in range(5):
        gate.take(QUOTA, "one", "a")
        slow = gate.take(named, "two", "b")
    assert slow.interval >= 1 / 20


@pytest.mark.parametrize(
    ("source", "exact"), [("--tps", True), ("service-quotas", True), ("aws-text", False), ("unknown", False)]
)
def test_only_a_default_of_the_table_is_ever_exceeded(source: str, exact: bool) -> None:
    plan = PlanDocument(quotas=PlannedRates(operations={"DetectLabels": PlannedRate(source=source)}))
    rates = {} if source == "unknown" else {"DetectLabels": 50.0}
    spec = JobSpec("job", "2026-11-23", (), parse(["labels"]), "us-east-1", "account", 0, 200, rates, plan, {})
    quota = quota_of(spec, *requests(spec.apis))
    assert quota.exact is exact
    assert quota.tps == (5 if source == "unknown" else 50)
