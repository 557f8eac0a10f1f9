"""The purse of a home, by which its jobs keep to the month's cap together. The clock is the test's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from jobs.ledger import FIRST_OF_FILMS, Attempt, Lease, Ledger, Purse, Start, Starts, purse_key
from jobs.ledger.starts import Asking, Came

CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n"
HOME, PLACE = "/tmp/home", "123456789012:us-east-1"
STEPS = [[0, 10, 0, 1], [5, 1, 50, 1]]  # ten each, from the sixth of a month on one each
PRICES = {"first": "2026-11", "meters": {"m": STEPS}, "later": {"m": STEPS}, "requests": {"a": {"m": 1}}}
IN_IT = {f"{PLACE} m": STEPS}


@pytest.fixture
def clock(redis: "Redis[bytes]") -> Callable[..., None]:
    def is_now(*date: int) -> None:
        redis.set("clock", int(datetime(*date, tzinfo=UTC).timestamp() * 1000))  # type: ignore[misc, arg-type]

    is_now(2026, 11, 30, 23, 59, 59)
    return is_now


@pytest.fixture
def purse(redis: "Redis[bytes]", clock: Callable[..., None]) -> Purse:
    return Purse(redis, HOME)


def opened(redis: "Redis[bytes]", job: str, shard: int = 0, **fields: Any) -> tuple[Ledger, Lease]:
    ledger = Ledger(redis, clock=CLOCK)
    told = {"purse": purse_key(HOME), **fields}
    ledger.open(job, home=HOME, shards=[shard], fields=told, prices={**PRICES, "place": PLACE}, capped=True)
    lease = ledger.lease(job, shard)
    assert isinstance(lease, Lease)
    return ledger, lease


def word(ledger: Ledger, lease: Lease, call: int) -> str:
    return str(ledger.begin(lease, [(f"{call}:a", "a", 1)])[0].decode())


def test_two_jobs_spend_one_months_cap_through_one_walk_of_the_tiers(redis: "Redis[bytes]", purse: Purse) -> None:
    assert purse.fill(purse.version(), 52, steps=IN_IT)
    ledger, one = opened(redis, "one")
    _, two = opened(redis, "two")
    assert [word(ledger, lease, n) for n in range(3) for lease in (one, two)] == ["go 2026-11"] * 6  # 5 x 10 + 1
    assert word(ledger, one, 3) == "go 2026-11"
    assert word(ledger, one, 4) == "wait"  # of those under way some may turn out unbilled
    ledger.settle(one, [Attempt(f"{n}:a", "a", 1, "b", b"x") for n in range(4)])
    assert word(ledger, one, 4) == "incomplete"
    assert ledger.fields("one")["reason"] == "month-cap"
    ledger.settle(two, [Attempt(f"{n}:a", "a", 1, "n") for n in range(3)])  # it gets its money back
    assert [word(ledger, two, n) for n in (10, 11)] == ["go 2026-11", "go 2026-11"]


def test_the_next_month_has_its_own_cap_and_begins_at_the_first_tier(
    redis: "Redis[bytes]", purse: Purse, clock: Callable[..., None]
) -> None:
    purse.fill(purse.version(), 52, units={f"2026-11 {PLACE} m": 7}, steps=IN_IT)
    ledger, lease = opened(redis, "one")
    clock(2026, 12, 1)
    assert [word(ledger, lease, n) for n in range(7)] == ["go 2026-12"] * 7
    assert word(ledger, lease, 7) == "wait"
    clock(2027, 1, 1)
    assert word(ledger, lease, 7) == "go 2027-01"


def test_the_cap_that_is_short_is_named(redis: "Redis[bytes]", purse: Purse) -> None:
    purse.fill(purse.version(), 100, steps=IN_IT)
    ledger, lease = opened(redis, "one", cap=5)
    assert word(ledger, lease, 0) == "incomplete"
    assert ledger.fields("one")["reason"] == "budget"


def test_films_are_counted_in_milliseconds_by_what_aws_says_in_the_end(redis: "Redis[bytes]", purse: Purse) -> None:
    purse.fill(purse.version(), 52, steps=IN_IT)
    ledger, lease = opened(redis, "one", FIRST_OF_FILMS)
    starts = Starts(redis, clock=CLOCK)
    begun = starts.begin(lease, Asking("7:a", "a", 6, 0, "token"))
    assert isinstance(begun, Start)
    assert starts.begin(lease, Asking("8:a", "a", 2, 0, "another")) == "wait"
    begun = Start(**{name: getattr(begun, name) for name in Start.__slots__} | {"mark": "b", "ms": 4})
    assert starts.settle(lease, Came("7:a", "a", begun, b"answer"))
    assert redis.hget(purse_key(HOME), f"2026-11 {PLACE} m") == b"4"
    assert isinstance(starts.begin(lease, Asking("8:a", "a", 3, 0, "another")), Start)
    assert starts.begin(lease, Asking("9:a", "a", 1, 0, "third")) == "wait"
    ledger.settle(lease, [])


def test_it_is_filled_from_folders_and_from_the_jobs_that_run(redis: "Redis[bytes]", purse: Purse) -> None:
    ledger, lease = opened(redis, "one")
    assert [word(ledger, lease, n) for n in range(3)] == ["go 2026-11"] * 3  # the home had no cap yet
    assert purse.fill(purse.version(), 50, units={f"2026-11 {PLACE} m": 1}, steps=IN_IT, running={"one": {"": PLACE}})
    assert word(ledger, lease, 3) == "go 2026-11"
    assert redis.hget(purse_key(HOME), f"2026-11 {PLACE} m") == b"5"
    assert word(ledger, lease, 4) == "wait"


def test_who_counted_before_another_job_came_counts_again(redis: "Redis[bytes]", purse: Purse) -> None:
    version = purse.version()
    opened(redis, "one")
    assert not purse.fill(version, 50, steps=IN_IT)
    assert purse.fill(purse.version(), 50, steps=IN_IT, running={"one": {"": PLACE}})
    assert not purse.fill(version, 50, steps=IN_IT)


def test_without_a_cap_nothing_is_counted_and_nothing_holds(redis: "Redis[bytes]", purse: Purse) -> None:
    purse.fill(purse.version(), 10, steps=IN_IT)
    ledger, lease = opened(redis, "one")
    assert word(ledger, lease, 0) == "go 2026-11"
    purse.empty()
    assert [word(ledger, lease, n) for n in range(1, 9)] == ["go 2026-11"] * 8
    assert set(redis.hgetall(purse_key(HOME))) == {b"version"}


def test_hours_of_a_model_are_counted_once_however_often_they_are_told(redis: "Redis[bytes]", purse: Purse) -> None:
    hours = {f"{PLACE} hours": [[0, 4, 0, 1000]]}
    purse.fill(purse.version(), 52, steps=IN_IT | hours)
    ledger, lease = opened(redis, "one", place=PLACE)
    ledger.charge("one", 8, "hours", {"2026-11": 2000})
    ledger.charge("one", 16, "hours", {"2026-11": 4000})
    assert redis.hget(purse_key(HOME), f"2026-11 {PLACE} hours") == b"4000"
    assert [word(ledger, lease, n) for n in range(4)] == ["go 2026-11"] * 3 + ["wait"]  # 16 and 3 x 10 of 52
    assert purse.fill(purse.version(), 52, steps=IN_IT | hours, running={"one": {"": PLACE}})
    assert redis.hget(purse_key(HOME), f"2026-11 {PLACE} hours") == b"4000"
    ledger.charge("one", 24, "hours", {"2026-11": 5000, "2026-12": 1000})  # the new month has all of its cap
    assert ledger.state("one") == "running"
    ledger.charge("one", 92, "hours", {"2026-11": 9000, "2026-12": 14_000})
    assert (ledger.state("one"), ledger.fields("one")["reason"]) == ("incomplete", "month-cap")
