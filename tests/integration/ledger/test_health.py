"""The breaker's rules (jobs/ledger/health.lua) against a real Redis, on a clock of the test's own."""

from itertools import pairwise

import pytest
from redis import Redis

from jobs.ledger import WELL, Attempt, Lease, Ledger

CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n"
JOB, ILL = "job-1", "InternalServerError: no\n"
ROOM, LIMIT, NEW = 24, 12, 8
OUTAGE = 120


class Service:
    """Calls of one request, begun and ended as a test says."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.seconds = 1_795_000_000.0
        self.wait(0)
        self.ledger = Ledger(redis, lease_ms=10**9, outage_ms=OUTAGE * 1000, clock=CLOCK)
        self.ledger.open(JOB, home="/tmp", shards=range(1), fields={"shards_done": 0})
        lease = self.ledger.lease(JOB, 0)
        assert isinstance(lease, Lease)
        self.lease = lease
        self.calls = 0

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self._redis.set("clock", int(self.seconds * 1000))

    def begin(self, number: int = 1, call: str = "", at: str = "") -> str | None:
        """The name of a call that may go, None: the door says to wait."""
        if not call:
            self.calls += 1
            call = f"{self.calls}:labels"
        word = self.ledger.begin(self.lease, [(call, f"labels{at}", number)])[0].decode()
        assert word.partition(" ")[0] in ("go", "hold"), word
        return call if word.startswith("go") else None

    def end(self, call: str | None, tells: str, number: int = 1, at: str = "") -> None:
        assert call is not None
        mark = "b" if tells == WELL else "n"
        self.ledger.settle(self.lease, [Attempt(call, f"labels{at}", number, mark, b"", "", tells)])  # type: ignore[arg-type]

    def each(self, tells: str, times: int, at: str = "") -> None:
        """Calls one after the other."""
        for _ in range(times):
            self.end(self.begin(at=at), tells, at=at)

    def probes_until(self, seconds: float, tells: str, at: str = "") -> list[float]:
        """When the door let a call through, one after the other; each is answered at once."""
        sent, until = [], self.seconds + seconds
        while self.seconds < until and self.state == "running":
            if call := self.begin(at=at):
                sent.append(self.seconds)
                self.end(call, tells, at=at)
            self.wait(0.5)
        return sent

    @property
    def state(self) -> str:
        return self.ledger.fields(JOB)["state"]

    @property
    def shut(self) -> bool:
        return bool(self.ledger.shut(JOB))


@pytest.fixture
def service(redis: Redis) -> Service:
    return Service(redis)


def test_before_an_answer_two_dozen_calls_are_under_way_at_most_and_one_more_each_15_seconds(service: Service) -> None:
    assert [service.begin() is not None for _ in range(ROOM + 2)] == [True] * ROOM + [False] * 2
    service.wait(15)
    assert service.begin()
    assert not service.begin()


def test_room_grows_with_answers_up_to_twice_what_is_under_way(service: Service) -> None:
    under_way = [service.begin() for _ in range(ROOM)]
    for call in under_way:
        service.end(call, WELL)
        assert service.begin()
        assert service.begin()  # as many again
    assert not service.begin()


def test_calls_one_by_one_leave_the_room_as_it_is(service: Service) -> None:
    service.each(WELL, 200)
    assert [service.begin() is not None for _ in range(ROOM + 1)] == [True] * ROOM + [False]


def test_a_service_that_never_answered_is_shut_off_after_a_few_calls_and_one_that_did_later(service: Service) -> None:
    service.each(ILL, LIMIT - NEW - 1)
    assert not service.shut
    service.each(ILL, 1)
    assert service.shut
    assert not service.begin()


def test_a_service_that_answered_is_shut_off_after_a_dozen_calls(service: Service) -> None:
    service.each(WELL, NEW)
    service.each(ILL, LIMIT - 1)
    assert not service.shut
    service.each(ILL, 1)
    assert service.shut


def test_a_share_of_one_in_three_shuts_nothing_and_nine_in_ten_do(service: Service) -> None:
    service.each(WELL, NEW)
    for _ in range(300):
        service.each(ILL, 1)
        service.each(WELL, 2)
    assert not service.shut
    for turn in range(40):
        if not service.shut:
            service.each(WELL if turn % 10 == 9 else ILL, 1)
    assert service.shut


def test_one_picture_that_goes_wrong_each_time_is_one_and_throttles_are_none(service: Service) -> None:
    for number in range(1, 40):
        call = service.begin(number, "7:labels")
        service.end(call, ILL, number)
    service.each("", 100)
    assert not service.shut


def test_while_it_is_shut_one_call_at_a_time_goes_and_ever_more_seldom_until_the_job_is_blocked(
    service: Service,
) -> None:
    service.each(ILL, LIMIT - NEW)
    sent = service.probes_until(1000, ILL)
    assert len(sent) <= 8
    gaps = [after - before for before, after in pairwise(sent)]
    assert gaps == sorted(gaps)
    fields = service.ledger.fields(JOB)
    assert fields["state"] == "blocked"
    assert "labels" in fields["reason"]
    assert "InternalServerError: no" in fields["reason"]
    assert "resume the job" in fields["do"]


def test_what_an_error_says_is_to_be_done_is_what_the_job_says(service: Service) -> None:
    service.each("EndpointConnectionError: nobody\nIs the proxy up?", LIMIT - NEW)
    service.probes_until(1000, "EndpointConnectionError: nobody\nIs the proxy up?")
    assert service.ledger.fields(JOB)["do"] == "Is the proxy up?"


def test_a_call_that_goes_and_sees_and_is_not_heard_of_is_followed_by_another(service: Service) -> None:
    service.each(ILL, LIMIT - NEW)
    service.wait(1)
    assert service.begin()
    service.wait(14)
    assert not service.begin()
    service.wait(1)
    assert service.begin()


def test_an_answer_opens_the_door_a_little_and_more_with_each(service: Service) -> None:
    service.each(ILL, LIMIT - NEW)
    service.wait(1)
    service.end(service.begin(), WELL)
    assert not service.shut
    first = service.begin()
    assert not service.begin()  # one more
    service.end(first, WELL)
    assert [service.begin() is not None for _ in range(3)] == [True, True, False]


def test_it_counts_as_well_again_only_once_all_debt_is_paid(service: Service) -> None:
    service.each(ILL, LIMIT - NEW)
    service.wait(1)
    service.end(service.begin(), WELL)
    assert "trouble" in service.ledger.fields(JOB)
    service.each(ILL, 1)
    assert service.shut  # at once
    service.wait(OUTAGE)
    service.end(service.begin(), WELL)
    service.each(WELL, LIMIT - 1)
    assert "trouble" not in service.ledger.fields(JOB)
    service.each(ILL, LIMIT)
    assert (service.shut, service.state) == (True, "running")


def test_a_job_put_on_the_table_again_asks_with_one_call_at_once(service: Service) -> None:
    service.each(ILL, LIMIT - NEW)
    service.probes_until(1000, ILL)
    assert service.state == "blocked"
    service.ledger.open(JOB, home="/tmp", shards=range(1), fields={})
    assert service.state == "running"
    call = service.begin()
    assert not service.begin()
    service.end(call, ILL)
    assert service.state == "running"  # it has its time again
    assert not service.begin()


def test_what_a_holder_had_under_way_takes_no_room_once_its_shard_is_given_back(service: Service) -> None:
    for _ in range(ROOM):
        service.begin()
    assert not service.begin()
    service.ledger.release(service.lease)
    lease = service.ledger.lease(JOB, 0)
    assert isinstance(lease, Lease)
    service.lease = lease
    assert service.begin()


def test_patience_of_no_time_shuts_nothing(redis: Redis, service: Service) -> None:
    service.each(ILL, LIMIT - NEW)
    assert service.shut
    service.ledger = Ledger(redis, outage_ms=0, clock=CLOCK)
    service.wait(1)
    service.each(ILL, 100)
    assert (service.shut, service.state) == (False, "running")


def test_requests_are_counted_apart(service: Service) -> None:
    service.each(ILL, LIMIT - NEW)
    assert service.ledger.shut(JOB) == {"labels"}
    assert service.ledger.begin(service.lease, [("1:text", "text", 1)])[0].startswith(b"go")


def test_a_place_that_is_not_well_is_shut_alone_and_blocks_the_job_once_no_other_is_well(service: Service) -> None:
    service.each(WELL, NEW)
    service.each(ILL, LIMIT - NEW, at="@w")
    assert service.ledger.shut(JOB) == {"labels@w"}
    assert service.ledger.begin(service.lease, [("999:labels", "labels@w", 1)]) == [b"hold 500 shut"]
    assert service.begin()
    assert service.probes_until(OUTAGE + 60, ILL, at="@w")
    assert (service.state, service.ledger.fields(JOB)["trouble"]) == ("running", "labels@w: InternalServerError: no")
    service.each(ILL, LIMIT)
    service.probes_until(OUTAGE - 10, ILL)
    assert service.state == "running"
    service.probes_until(60, ILL)
    assert service.state == "blocked"


def test_patience_of_no_time_shuts_a_place_beside_one_that_is_well_and_never_the_last(
    redis: Redis, service: Service
) -> None:
    service.ledger = Ledger(redis, outage_ms=0, clock=CLOCK)
    service.each(WELL, NEW)
    service.each(ILL, LIMIT - NEW, at="@w")
    assert service.ledger.shut(JOB) == {"labels@w"}
    service.each(ILL, 100)  # failed rows, as of one place alone
    service.wait(1)
    service.each(ILL, 1, at="@w")
    assert (service.ledger.shut(JOB), service.state) == ({"labels@w"}, "running")
    service.wait(2)
    service.each(WELL, LIMIT, at="@w")
    service.each(ILL, LIMIT)
    assert service.ledger.shut(JOB) == {"labels"}


def test_a_place_that_is_well_again_takes_calls_again(service: Service) -> None:
    service.each(WELL, NEW)
    service.each(ILL, LIMIT - NEW, at="@w")
    service.wait(1)
    service.each(WELL, LIMIT, at="@w")
    assert service.ledger.shut(JOB) == set()
    assert "trouble" not in service.ledger.fields(JOB)
