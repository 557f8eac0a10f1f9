"""The caps across processes: whatever they spend at once, never over, and never more than one call under."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.queues import Queue
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.ledger import Attempt, Lease, Ledger, Purse, purse_key
from tests.support.redis import RedisServer
from workers.config import connect

PROCESSES = 4
# A tier edge on the first meter after 7 units; `b` is billed on both meters in one call.
STEPS = {"m1": [[0, 10, 0], [7, 4, 70]], "m2": [[0, 3, 0], [2, 1, 6]]}
DEARER = {"m1": [[0, 12, 0], [5, 6, 60]], "m2": [[0, 5, 0]]}  # in another Region, with an edge of its own
REQUESTS = {"a": {"m1": 1}, "b": {"m1": 1, "m2": 1}}
ASKED = ("a", "b", "a@w", "b@w")  # @w: there
PRICES = {
    "first": "2026-11", "meters": STEPS, "later": STEPS, "requests": REQUESTS, "place": "account:region",
    "places": {"@w": {"meters": DEARER, "later": DEARER, "requests": REQUESTS, "place": "account:w"}},
}  # fmt: skip
IN_THE_PURSE = {
    f"account:{region} {meter}": steps
    for region, of in (("region", STEPS), ("w", DEARER))
    for meter, steps in of.items()
}
MARKS = ("b", "b", "u", "n")  # answered, answered, answer never came, not billed

Spent = dict[str, int]  # request and place -> calls billed or possibly billed


def spender(url: str, number: int, tasks: "Queue[Any]", done: "Queue[Any]") -> None:
    """A process that spends: each task is a job and a plan of (request, mark) for a shard of its own, in order."""
    ledger = Ledger(connect(url))
    while (task := tasks.get()) is not None:
        job, plan = task
        lease = ledger.lease(job, number)
        spent = dict.fromkeys(ASKED, 0)
        refused = not isinstance(lease, Lease)  # the others had spent it all before this one came
        for place, (request, mark) in enumerate(plan if isinstance(lease, Lease) else []):
            call = f"{place}:{request[0]}"
            while (word := ledger.begin(lease, [(call, request, 1)])[0])[:4] in (b"wait", b"hold"):
                request = _other(request) if word.startswith(b"hold") else request
            if not word.startswith(b"go "):
                refused = True
                break
            ledger.settle(lease, [Attempt(call, request, 1, mark, b"" if mark == "n" else b"x", "")])
            spent[request] += mark != "n"
        done.put((spent, refused))


def _other(request: str) -> str:
    """The same at the other place, where the cap covers it."""
    return request.removesuffix("@w") if "@w" in request else f"{request}@w"


@pytest.fixture(scope="module")
def spenders(redis_server: RedisServer) -> Iterator[tuple[list[Any], Any]]:
    context = multiprocessing.get_context("spawn")  # nothing of the parent's connections
    tasks, done = [context.Queue() for _ in range(PROCESSES)], context.Queue()
    started = [
        context.Process(target=spender, args=(redis_server.url, n, mine, done), daemon=True)
        for n, mine in enumerate(tasks)
    ]
    for process in started:
        process.start()
    yield tasks, done
    for mine in tasks:
        mine.put(None)
    for process in started:
        process.join(10)


def cost(spent: Spent) -> int:
    """What so many calls cost, by the price lists themselves."""
    first, second = (units(spent)[f"account:region {meter}"] for meter in STEPS)
    here = min(first, 7) * 10 + max(0, first - 7) * 4 + min(second, 2) * 3 + max(0, second - 2)
    first, second = (units(spent)[f"account:w {meter}"] for meter in STEPS)
    return here + min(first, 5) * 12 + max(0, first - 5) * 6 + second * 5


def units(spent: Spent) -> dict[str, int]:
    found = dict.fromkeys(IN_THE_PURSE, 0)
    for asked, calls in spent.items():
        for meter, each in REQUESTS[asked[0]].items():
            found[f"account:{'w' if '@' in asked else 'region'} {meter}"] += each * calls
    return found


CALLS = st.lists(st.tuples(st.sampled_from(ASKED), st.sampled_from(MARKS)), max_size=12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(cap=75, plans=[[("b", "b")] * 12] * PROCESSES)
@example(cap=100, plans=[[("a@w", "u")] * 12, [("b", "b")] * 12, [("a", "n")] * 12, [("b@w", "n")] * 12])
@given(cap=st.integers(0, 260), plans=st.lists(CALLS, min_size=PROCESSES, max_size=PROCESSES))
def test_many_processes_never_pass_the_cap_and_end_less_than_a_call_under_it(
    redis: Redis, spenders: tuple[list[Any], Any], cap: int, plans: list[list[tuple[str, str]]]
) -> None:
    redis.flushall()
    ledger = Ledger(redis)
    ledger.open("job-1", home="/tmp", shards=range(PROCESSES), fields={"shards_done": 0, "cap": cap}, prices=PRICES)
    tasks, done = spenders
    for mine, plan in zip(tasks, plans, strict=True):
        mine.put(("job-1", plan))
    ended = [done.get(timeout=30) for _ in range(PROCESSES)]
    spent = {asked: sum(one[asked] for one, _ in ended) for asked in ASKED}
    total = cost(spent)
    assert total <= cap
    fields = ledger.fields("job-1")
    assert (int(fields.get("cost", 0)), int(fields.get("in_flight", 0))) == (total, 0)
    if any(refused for _, refused in ended):
        assert (fields["state"], fields["reason"]) == ("incomplete", "budget")
        more = {asked: cost({**spent, asked: spent[asked] + 1}) for asked in ASKED}
        cheapest = {request: min(more[request], more[f"{request}@w"]) for request in REQUESTS}
        assert max(cheapest.values()) > cap  # one more call of those asked for would have been over, wherever it goes
    else:
        assert fields["state"] == "running"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(cap=75, plans=[[("b", "b")] * 12] * PROCESSES)
@example(cap=100, plans=[[("a@w", "u")] * 12, [("b", "b")] * 12, [("a", "n")] * 12, [("b@w", "n")] * 12])
@given(cap=st.integers(0, 260), plans=st.lists(CALLS, min_size=PROCESSES, max_size=PROCESSES))
def test_processes_of_two_jobs_together_never_pass_the_months_cap_of_their_home(
    redis: Redis, spenders: tuple[list[Any], Any], cap: int, plans: list[list[tuple[str, str]]]
) -> None:
    redis.flushall()
    ledger, purse = Ledger(redis), Purse(redis, "/tmp")
    assert purse.fill(0, cap, steps=IN_THE_PURSE)
    jobs, fields = ("job-1", "job-2"), {"shards_done": 0, "purse": purse_key("/tmp")}
    for job in jobs:
        ledger.open(job, home="/tmp", shards=range(PROCESSES), fields=fields, prices=PRICES, capped=True)
    tasks, done = spenders
    for number, (mine, plan) in enumerate(zip(tasks, plans, strict=True)):
        mine.put((jobs[number % 2], plan))
    ended = [done.get(timeout=30) for _ in range(PROCESSES)]
    spent = {asked: sum(one[asked] for one, _ in ended) for asked in ASKED}
    assert cost(spent) <= cap  # one walk through the tiers of a place for both jobs
    kept = {name.decode(): int(value) for name, value in redis.hgetall(purse_key("/tmp")).items() if b"20" in name[:2]}
    assert {name.partition(" ")[2]: n for name, n in kept.items() if n} == {m: n for m, n in units(spent).items() if n}
    told = [ledger.fields(job) for job in jobs]
    if any(refused for _, refused in ended):
        assert ("incomplete", "month-cap") in {(one["state"], one.get("reason")) for one in told}
    else:
        assert {one["state"] for one in told} == {"running"}


def test_a_call_that_is_too_dear_at_one_place_goes_to_another_and_the_job_ends_where_none_covers_it(
    redis: Redis,
) -> None:
    ledger = Ledger(redis)
    ledger.open("job-1", home="/tmp", shards=range(1), fields={"shards_done": 0, "cap": 22}, prices=PRICES)
    lease = ledger.lease("job-1", 0)
    assert isinstance(lease, Lease)

    def word(call: int, request: str) -> str:
        return ledger.begin(lease, [(f"{call}:a", request, 1)])[0].decode().partition(" ")[0]

    assert word(1, "a@w") == "go"  # 12 of 22
    assert (word(2, "a@w"), word(2, "a")) == ("hold", "go")  # 12 more there, 10 more here
    assert (word(3, "a@w"), word(3, "a")) == ("wait", "wait")
    ledger.settle(lease, [Attempt(f"{n}:a", "a", 1, "b", b"x") for n in (1, 2)])
    assert (word(3, "a@w"), ledger.state("job-1")) == ("incomplete", "incomplete")


def test_a_place_that_is_not_well_is_none_that_covers_a_call(redis: Redis) -> None:
    ledger = Ledger(redis)
    ledger.open("job-1", home="/tmp", shards=range(1), fields={"shards_done": 0, "cap": 11}, prices=PRICES)
    lease = ledger.lease("job-1", 0)
    assert isinstance(lease, Lease)
    for number in range(4):
        assert ledger.begin(lease, [(f"{number}:a", "a", 1)])[0].startswith(b"go")
        ledger.settle(lease, [Attempt(f"{number}:a", "a", 1, "n", b"", "", "503: no")])
    assert ledger.shut("job-1") == {"a"}
    assert ledger.begin(lease, [("9:a", "a@w", 1)]) == [b"incomplete"]
