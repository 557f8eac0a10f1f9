"""Claims on a real Redis: of equal items one asks, the others wait for it or replace it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from jobs.known.keys import content_id
from jobs.ledger import Attempt, Lease, Ledger
from jobs.ledger.claims import Claims
from jobs.ledger.keys import key

JOB = "20261123-000000-abcd"
SAME = content_id("sha256:same")


@pytest.fixture
def ledger(redis: "Redis[bytes]") -> Iterator[Ledger]:
    made = Ledger(redis)
    made.open(JOB, home="/nowhere", shards=range(4), fields={})
    yield made


@pytest.fixture
def claims(redis: "Redis[bytes]") -> Claims:
    return Claims(redis, JOB, shard_size=10, candidates=100)


def leased(ledger: Ledger, shard: int) -> Lease:
    lease = ledger.lease(JOB, shard)
    assert isinstance(lease, Lease)
    return lease


def test_of_many_at_once_one_asks(ledger: Ledger, claims: Claims) -> None:
    leased(ledger, 0)
    with ThreadPoolExecutor(16) as pool:
        words = list(pool.map(lambda item: claims.claim(SAME, item, "labels"), [n % 10 for n in range(200)]))
    owners = {claim.owner for claim in words if claim.word == "held"}
    assert len(owners) == 1
    assert {claim.word for claim in words} == {"mine", "held"}
    assert sum(claim.word == "mine" for claim in words) == 20  # the owner, each time it asks


def test_the_answer_is_given_from_the_journal_and_then_the_part_is_pointed_to(ledger: Ledger, claims: Claims) -> None:
    lease = leased(ledger, 0)
    assert claims.claim(SAME, 3, "labels").word == "mine"
    assert claims.claim(SAME, 17, "labels").word == "held"
    ledger.settle(lease, [Attempt("3:labels", "labels", 1, "", b"the answer")])
    told = claims.claim(SAME, 17, "labels")
    assert (told.word, told.owner, told.data) == ("answer", 3, b"the answer")
    assert claims.claim(SAME, 17, "faces").word == "held"  # the owner's other call is still to come
    assert ledger.finish(lease, {})
    assert (claims.claim(SAME, 17, "labels").word, claims.claim(SAME, 17, "labels").owner) == ("done", 3)


def test_an_owner_that_failed_is_replaced_once_and_for_that_request_alone(ledger: Ledger, claims: Claims) -> None:
    lease = leased(ledger, 0)
    leased(ledger, 1)
    assert claims.claim(SAME, 3, "labels").word == "mine"
    ledger.settle(lease, [Attempt("3:labels", "labels", 1, "", b"failed")])
    assert claims.claim(SAME, 17, "labels", instead_of=3).word == "mine"
    assert claims.claim(SAME, 18, "labels", instead_of=3).owner == 17
    assert claims.claim(SAME, 3, "labels").owner == 17  # should the first come back, it waits like the others
    assert claims.claim(SAME, 18, "faces").owner == 3


def test_contents_that_agree_in_four_bytes_of_their_hash_part_ways_at_the_first_answer(
    ledger: Ledger, claims: Claims
) -> None:
    other = SAME[:12] + b"else"
    leased(ledger, 0)
    leased(ledger, 1)
    assert claims.claim(SAME, 3, "labels").word == "mine"
    assert claims.claim(other, 15, "labels").owner == 3  # whose answer turns out to be about something else
    assert claims.claim(other, 15, "labels", instead_of=3).word == "mine"
    assert claims.claim(SAME, 16, "labels").owner == 3
    assert claims.claim(other, 17, "labels").owner == 15


def test_an_owner_whose_shard_nobody_holds_is_replaced(ledger: Ledger, claims: Claims) -> None:
    lease = leased(ledger, 0)
    assert claims.claim(SAME, 3, "labels").word == "mine"
    assert claims.claim(SAME, 25, "labels").word == "held"
    ledger.release(lease)
    assert claims.claim(SAME, 25, "labels").word == "mine"


def test_a_lapsed_lease_is_nobodys(redis: "Redis[bytes]", claims: Claims) -> None:
    ledger = Ledger(redis, lease_ms=1)
    ledger.open(JOB, home="/nowhere", shards=range(4), fields={})
    leased(ledger, 0)
    assert claims.claim(SAME, 3, "labels").word == "mine"
    assert claims.claim(SAME, 25, "labels").word in ("held", "mine")
    ledger.reap(JOB)
    redis.ping()
    while claims.claim(SAME, 26, "labels").owner == 3:  # a millisecond
        pass
    assert claims.claim(SAME, 26, "labels").owner != 3


def test_claims_are_gone_with_the_job(redis: "Redis[bytes]", ledger: Ledger, claims: Claims) -> None:
    for number in range(300):
        claims.claim(content_id(str(number)), number % 40, "labels")
    ledger.close(JOB, "finished", {})
    assert redis.keys("*") == [key(JOB).encode()]
    assert claims.claim(SAME, 3, "labels").word == "mine"  # a holder that slept; the door lets nothing through
    assert redis.keys("*") == [key(JOB).encode()]


def test_a_million_claims_fit_into_twenty_megabytes(redis: "Redis[bytes]", ledger: Ledger) -> None:
    sample = 20_000  # of as many; bytes per claim do not depend on how many there are
    many = Claims(redis, JOB, shard_size=200, candidates=sample)
    before = redis.info("memory")["used_memory"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: many.claim(content_id(f"sha256:{n}"), 960_000 + n, "labels"), range(sample)))
    each = (redis.info("memory")["used_memory"] - before) / sample
    print(f"{each:.1f} bytes a claim")
    assert each * 1_000_000 < 20_000_000
