"""What the ledger knows of another item's call, on a real Redis."""

import pytest
from redis import Redis

from jobs.ledger import Attempt, Lease, Ledger
from jobs.ledger.answers import await_answer

JOB = "20261123-000000-abcd"
CALL = "3:labels"


@pytest.fixture
def ledger(redis: "Redis[bytes]") -> Ledger:
    made = Ledger(redis)
    made.open(JOB, home="/nowhere", shards=range(2), fields={})
    return made


def test_an_answer_is_awaited_until_it_is_there_or_its_part_is_written(redis: "Redis[bytes]", ledger: Ledger) -> None:
    assert await_answer(redis, JOB, 0, CALL).word == "left"
    lease = ledger.lease(JOB, 0)
    assert isinstance(lease, Lease)
    assert await_answer(redis, JOB, 0, CALL).word == "held"
    ledger.settle(lease, [Attempt(CALL, "labels", 1, "", b"the answer")])
    told = await_answer(redis, JOB, 0, CALL)
    assert (told.word, told.data) == ("answer", b"the answer")
    assert await_answer(redis, JOB, 0, "3:faces").word == "held"
    assert ledger.finish(lease, {})
    assert await_answer(redis, JOB, 0, CALL).word == "none"


def test_a_shard_that_was_given_back_is_left_to_the_next(redis: "Redis[bytes]", ledger: Ledger) -> None:
    lease = ledger.lease(JOB, 0)
    assert isinstance(lease, Lease)
    ledger.release(lease)
    assert await_answer(redis, JOB, 0, CALL).word == "left"


def test_in_a_retry_only_what_it_asks_is_waited_for(redis: "Redis[bytes]") -> None:
    ledger = Ledger(redis)
    ledger.open(JOB, home="/nowhere", shards=[0], fields={"retry": 1})
    assert isinstance(ledger.lease(JOB, 0), Lease)
    assert await_answer(redis, JOB, 0, CALL).word == "none"
    found = await_answer(redis, JOB, 0, CALL, lambda retry: retry == 1)
    assert (found.word, found.retry) == ("held", 1)
