"""Starts of jobs on films: what the cap counts of them, in milliseconds, whatever happens. The clock is the test's."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from redis import Redis

from jobs.apis import sort_out
from jobs.costs import Tallies, Tally
from jobs.costs.cap import cap_schedule, nanousd
from jobs.ledger import FIRST_OF_FILMS, Lease, Ledger, Start, Starts
from jobs.ledger.keys import key
from jobs.ledger.starts import Asking, Came
from jobs.money.prices import PriceTable

JOB = "job-1"
CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n"
VIDEOS = sort_out(["video-labels"]).videos
SCHEDULE = cap_schedule((), "us-east-1", PriceTable.bundled(), first="2026-11", videos=VIDEOS)
MINUTE = 60_000


@pytest.fixture(autouse=True)
def clock(redis: "Redis[bytes]") -> None:
    redis.set("clock", int(datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp() * 1000))


def opened(redis: "Redis[bytes]", cap: str) -> tuple[Starts, Lease]:
    ledger = Ledger(redis, clock=CLOCK)
    fields = {"cap": nanousd(Decimal(cap))}
    ledger.open(JOB, home="/tmp", shards=[FIRST_OF_FILMS], fields=fields, prices=SCHEDULE.to_json())
    lease = ledger.lease(JOB, FIRST_OF_FILMS)
    assert isinstance(lease, Lease)
    return Starts(redis, CLOCK), lease


def asking(number: int, ms: int, since: int | None = None) -> Asking:
    return Asking(f"{number}:video-labels", "video-labels", ms, 0, f"token-{number}", since)


def begun(starts: Starts, lease: Lease, number: int, ms: int) -> Start:
    found = starts.begin(lease, asking(number, ms))
    assert isinstance(found, Start)
    return found


def came(starts: Starts, lease: Lease, number: int, start: Start | None) -> None:
    assert starts.settle(lease, Came(f"{number}:video-labels", "video-labels", start))


def counted(redis: "Redis[bytes]") -> dict[str, int]:
    fields = {name.decode(): value.decode() for name, value in redis.hgetall(key(JOB)).items()}
    return {name: int(value) for name, value in fields.items() if name[:2] == "m:" or name in ("cost", "in_flight")}


def test_a_cap_takes_what_it_can_pay_for_to_the_millisecond(redis: "Redis[bytes]") -> None:
    starts, lease = opened(redis, "0.1")
    begun(starts, lease, 1, MINUTE - 1)
    assert starts.begin(lease, asking(2, 2)) == "wait"
    begun(starts, lease, 2, 1)
    assert counted(redis) == {"m:2026-11:video-labels": MINUTE, "cost": 100_000_000, "in_flight": 2}


def test_what_aws_says_of_the_length_takes_the_place_of_what_was_reserved(redis: "Redis[bytes]") -> None:
    starts, lease = opened(redis, "1")
    one, two, three = (begun(starts, lease, number, MINUTE) for number in (1, 2, 3))
    came(starts, lease, 1, replace(one, job_id="job"))
    came(starts, lease, 1, replace(one, mark="b", ms=MINUTE + 30, job_id="job"))
    came(starts, lease, 1, replace(one, mark="b", ms=MINUTE + 30, job_id="job"))  # told again
    came(starts, lease, 2, replace(two, mark="n"))
    came(starts, lease, 3, None)
    assert counted(redis) == {"m:2026-11:video-labels": MINUTE + 30, "cost": 100_050_000, "in_flight": 0}
    assert set(starts.adopt(lease)[0]) == {"1:video-labels", "2:video-labels"}
    assert three == begun(starts, lease, 3, MINUTE)  # it was withdrawn, so it is begun anew


def test_a_start_is_of_the_month_it_was_begun_in(redis: "Redis[bytes]") -> None:
    starts, lease = opened(redis, "1")
    one = begun(starts, lease, 1, MINUTE)
    redis.set("clock", int(datetime(2026, 12, 1, 0, 5, tzinfo=UTC).timestamp() * 1000))
    came(starts, lease, 1, replace(one, mark="b", ms=MINUTE))
    assert begun(starts, lease, 2, MINUTE).month == "2026-12"
    assert counted(redis)["m:2026-11:video-labels"] == counted(redis)["m:2026-12:video-labels"] == MINUTE


def test_a_start_that_redis_forgot_is_counted_when_its_holder_tells_of_it(redis: "Redis[bytes]") -> None:
    starts, lease = opened(redis, "1")
    before = counted(redis)
    one = begun(starts, lease, 1, MINUTE)
    redis.delete(key(JOB, "intents", FIRST_OF_FILMS))
    redis.hdel(key(JOB), "in_flight", "m:2026-11:video-labels", "cost")
    assert before == counted(redis)
    came(starts, lease, 1, replace(one, mark="b", ms=MINUTE, job_id="job"))
    assert counted(redis) == {"m:2026-11:video-labels": MINUTE, "cost": 100_000_000, "in_flight": 0}


def test_a_start_that_the_folder_has_counted_is_not_counted_twice(redis: "Redis[bytes]") -> None:
    tallies = Tallies()
    tallies.add("2026-11", "video-labels", Tally(maybe_billed=1, maybe_ms=MINUTE))
    so_far = SCHEDULE.so_far(VIDEOS, tallies)
    starts, lease = opened(redis, "0.1")
    redis.hset(key(JOB), mapping=so_far)
    since = int(datetime(2026, 11, 29, tzinfo=UTC).timestamp() * 1000)
    again = starts.begin(lease, asking(1, MINUTE, since))
    assert isinstance(again, Start) and (again.began, again.month) == (since, "2026-11")
    came(starts, lease, 1, replace(again, mark="b", ms=MINUTE, job_id="job"))
    assert counted(redis) == {**so_far, "in_flight": 0}


def test_a_job_that_does_not_run_and_a_lost_lease_start_nothing(redis: "Redis[bytes]") -> None:
    starts, lease = opened(redis, "1")
    Ledger(redis).set_state(JOB, "paused")
    assert starts.begin(lease, asking(1, MINUTE)) == "paused"
    assert starts.begin(replace(lease, fence="another"), asking(1, MINUTE)) == "lost"
