"""Work in flight is bounded: what waits in Celery's queue on a real Redis, for a job of a million items."""

import base64
import json
from collections.abc import Iterator

import pytest
from redis import Redis

from jobs.ledger import Lease, Ledger
from jobs.ledger.keys import key
from tests.support.redis import RedisServer
from workers import app, bell
from workers.reconcile import Ring, beat, reconcile

JOB = "20261123-000000-abcd"
SHARDS = 1_000_000 // 200
SLOTS = 3  # shards that a worker takes at once


@pytest.fixture
def ledger(redis: "Redis[bytes]") -> Ledger:
    made = Ledger(redis)
    made.open(JOB, home="/nowhere", shards=range(SHARDS), fields={"shards_done": 0})
    return made


@pytest.fixture
def ring(redis_server: RedisServer, redis: "Redis[bytes]") -> Iterator[Ring]:
    """Messages as `bell.ring` sends them, on a connection of this test's own."""
    with app.configure(redis_server.url).connection_for_write() as connection:
        yield lambda job, shard: app.app.send_task(app.TASK, args=[job, shard], queue=app.QUEUE, connection=connection)


def messages(ledger: Ledger) -> int:
    return int(ledger.redis.llen(bell.QUEUE_KEY))


def round_of(ledger: Ledger, ring: Ring) -> None:
    ledger.redis.delete(key("reconciler"))  # as if the time between two rounds had passed
    assert reconcile(ledger, ring)


def half_a_minute_passes(ledger: Ledger) -> None:
    for shard, since in ledger.redis.zrange(key(JOB, "queued"), 0, -1, withscores=True):
        ledger.redis.zadd(key(JOB, "queued"), {shard: since - 31_000})


def take(ledger: Ledger) -> Lease:
    """A message of the queue, answered."""
    message = json.loads(ledger.redis.rpop(bell.QUEUE_KEY))
    (job, shard), *_ = json.loads(base64.b64decode(message["body"]))
    lease = ledger.lease(job, shard)
    assert isinstance(lease, Lease)
    return lease


@pytest.mark.parametrize("workers", [1, 4, 8])
def test_of_a_million_items_no_more_than_twice_what_workers_take_at_once_is_in_flight(
    ledger: Ledger, ring: Ring, workers: int
) -> None:
    slots = SLOTS * workers
    for number in range(workers):
        beat(ledger, str(number), SLOTS)
    round_of(ledger, ring)
    assert messages(ledger) == 2 * slots
    for _ in range(3):
        held = [take(ledger) for _ in range(slots)]
        round_of(ledger, ring)
        assert messages(ledger) == slots
        assert ledger.table(JOB)["held"] == slots
        for lease in held:
            ledger.finish(lease, {})
        round_of(ledger, ring)
        assert messages(ledger) == 2 * slots


def test_shards_that_wait_long_are_rung_for_once(ledger: Ledger, ring: Ring) -> None:
    beat(ledger, "busy", SLOTS)
    for _ in range(5):
        round_of(ledger, ring)
        half_a_minute_passes(ledger)
    assert messages(ledger) == 2 * SLOTS


def test_a_lost_message_is_sent_again(ledger: Ledger, ring: Ring) -> None:
    beat(ledger, "alive", SLOTS)
    round_of(ledger, ring)
    ledger.redis.rpop(bell.QUEUE_KEY)
    lost = ledger.redis.zrange(key(JOB, "queued"), 0, 0)[0]
    round_of(ledger, ring)
    assert messages(ledger) == 2 * SLOTS - 1
    half_a_minute_passes(ledger)
    round_of(ledger, ring)
    again = [json.loads(base64.b64decode(json.loads(m)["body"]))[0] for m in ledger.redis.lrange(bell.QUEUE_KEY, 0, -1)]
    assert [JOB, int(lost)] in again
