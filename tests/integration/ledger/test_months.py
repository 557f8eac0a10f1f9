"""A job across a month's edge: its units belong to the month their attempt was begun in. The clock is the test's."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from redis import Redis

from jobs.apis import parse
from jobs.attempts import NONE, Attempts
from jobs.costs import Tallies, Tally
from jobs.costs.cap import CapSchedule, Step
from jobs.ledger import Attempt, Lease, Ledger

CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n"
DOLLAR = 10**9
STEPS = {"image-group-2": (Step(0, DOLLAR, 0), Step(10, DOLLAR // 10, 10 * DOLLAR))}
SCHEDULE = CapSchedule(STEPS, {"labels": {"image-group-2": 1}}, STEPS, "2026-11")


class Clock:
    def __init__(self, redis: "Redis[bytes]") -> None:
        self._redis = redis

    def set(self, year: int, month: int, day: int, *rest: int) -> None:
        self._redis.set("clock", int(datetime(year, month, day, *rest, tzinfo=UTC).timestamp() * 1000))


@pytest.fixture
def clock(redis: "Redis[bytes]") -> Clock:
    found = Clock(redis)
    found.set(2026, 11, 30, 23, 59, 59)
    return found


def opened(redis: "Redis[bytes]", cap: int) -> tuple[Ledger, Lease]:
    ledger = Ledger(redis, clock=CLOCK)
    ledger.open("job-1", home="/tmp", shards=[0], fields={"cap": cap}, prices=SCHEDULE.to_json())
    lease = ledger.lease("job-1", 0)
    assert isinstance(lease, Lease)
    return ledger, lease


def begun(ledger: Ledger, lease: Lease, calls: Iterable[int]) -> list[str]:
    return [word.decode() for word in ledger.begin(lease, [(f"{n}:labels", "labels", 1) for n in calls])]


def by_rows(ledger: Ledger, lease: Lease) -> int:
    """What the folder's arithmetic makes of the attempts in the journal."""
    tallies = Tallies()
    for by_api in ledger.adopt(lease)[0].values():
        for month, attempts, units, maybe in by_api.get("labels", NONE).pools():
            tallies.add(month, "labels", Tally(attempts=attempts, units=units, maybe_billed=maybe))
    return SCHEDULE.so_far(parse(["labels"]), tallies)["cost"]


def test_a_month_begins_at_the_first_tier_for_the_cap_and_for_the_reckoning(
    redis: "Redis[bytes]", clock: Clock
) -> None:
    ledger, lease = opened(redis, cap=11 * DOLLAR)
    assert begun(ledger, lease, range(10)) == ["go 2026-11"] * 10
    ledger.settle(lease, [Attempt(f"{n}:labels", "labels", 1, "b", b"x") for n in range(10)])
    clock.set(2026, 12, 1)
    assert begun(ledger, lease, [10]) == ["go 2026-12"]  # a dollar again, not ten cents
    assert begun(ledger, lease, [11]) == ["wait"]
    ledger.settle(lease, [Attempt("10:labels", "labels", 1, "b", b"x")])
    assert begun(ledger, lease, [11]) == ["incomplete"]
    fields = ledger.fields("job-1")
    assert (fields["m:2026-11:image-group-2"], fields["m:2026-12:image-group-2"]) == ("10", "1")
    assert int(fields["cost"]) == by_rows(ledger, lease) == 11 * DOLLAR


def test_a_call_found_unbilled_next_month_gives_its_unit_back_to_the_month_it_was_begun_in(
    redis: "Redis[bytes]", clock: Clock
) -> None:
    ledger, lease = opened(redis, cap=100 * DOLLAR)
    begun(ledger, lease, range(11))
    clock.set(2026, 12, 1)
    begun(ledger, lease, [11])
    ledger.settle(lease, [Attempt("0:labels", "labels", 1, "n"), Attempt("11:labels", "labels", 1, "b", b"x")])
    fields = ledger.fields("job-1")
    assert (fields["m:2026-11:image-group-2"], fields["m:2026-12:image-group-2"]) == ("10", "1")
    assert int(fields["cost"]) == by_rows(ledger, lease) == 11 * DOLLAR


@pytest.mark.parametrize(
    ("day", "month"),
    [
        ((2026, 12, 31, 23, 59, 59), "2026-12"), ((2027, 1, 1), "2027-01"), ((2028, 2, 29, 12), "2028-02"),
        ((2028, 3, 1), "2028-03"), ((2100, 2, 28, 23, 59), "2100-02"), ((2100, 3, 1), "2100-03"),
        ((1970, 1, 1), "1970-01"),
    ],
)  # fmt: skip
def test_the_month_is_the_calendars(redis: "Redis[bytes]", clock: Clock, day: tuple[int, ...], month: str) -> None:
    ledger, lease = opened(redis, cap=100 * DOLLAR)
    clock.set(*day)  # type: ignore[arg-type]
    assert begun(ledger, lease, [0]) == [f"go {month}"]
    attempts = ledger.adopt(lease)[0]["0:labels"]["labels"]
    assert attempts == Attempts.parse(f"{lease.fence}:m{month}")
