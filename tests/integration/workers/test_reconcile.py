"""Reconcilers against a real Redis: one at a time, and no harm where one stalls past its turn."""

from redis import Redis

from jobs.ledger import Ledger
from jobs.ledger.keys import key
from tests.support.waiting import until
from workers.bell import UNACKED
from workers.reconcile import beat, leave, reconcile, slots


def test_a_reconciler_that_stalls_past_its_lock_rings_for_no_shard_that_another_rang_for(redis: Redis) -> None:
    ledger, other = Ledger(redis), Ledger(redis)
    ledger.open("job", home="/tmp", shards=range(20), fields={"shards_done": 0})
    beat(ledger, "worker", 3)
    rung: list[int] = []

    def ring(_: str, shard: int) -> None:
        rung.append(shard)

    def stalls(_: str, shard: int) -> None:
        if not rung:
            assert not reconcile(other, ring), "one at a time"
            beat(other, "more workers", 4)  # there is something for the other one to do
            until(lambda: reconcile(other, ring), "the lock of the one that stalls lapses")
            assert len(rung) == 8
        rung.append(shard)

    assert reconcile(ledger, stalls)
    assert sorted(rung) == list(range(14))
    assert ledger.table("job") == {"todo": 6, "queued": 14, "held": 0}


def test_only_workers_that_live_take_shards(redis: Redis) -> None:
    ledger, short = Ledger(redis), Ledger(redis, lease_ms=1)
    beat(ledger, "lives", 3)
    beat(ledger, "leaves", 5)
    beat(short, "dies", 7)
    until(lambda: slots(ledger) == 8, "the one that says nothing more is taken for dead")
    leave(ledger, "leaves", 5)
    assert slots(ledger) == 3
    beat(ledger, "lives", 3)
    assert slots(ledger) == 3
    assert redis.zcard(key("workers")) == 1, "the dead are not kept"


def test_a_message_that_came_late_to_a_worker_that_died_is_kept_no_longer_than_jobs_run(redis: Redis) -> None:
    ledger = Ledger(redis)
    redis.hset(UNACKED, "tag", '[{"body": "..."}]')
    ledger.open("job", home="/tmp", shards=[0], fields={"shards_done": 0})
    assert reconcile(ledger, lambda *_: None)
    assert redis.exists(UNACKED), "a job runs: it may be of that one"
    ledger.close("job", "finished", {})
    until(lambda: reconcile(ledger, lambda *_: None), "its turn comes again")
    assert not redis.exists(UNACKED)
