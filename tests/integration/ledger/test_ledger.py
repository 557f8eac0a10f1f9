"""The ledger's scripts against a real Redis."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.ledger import LAST_STEP, Attempt, Lease, Ledger, NotLeased
from jobs.ledger.keys import key
from tests.support.waiting import until

SCHEDULE = {
    "meters": {"m1": [[0, 10, 0], [3, 4, 30]], "m2": [[0, 1, 0]]},
    "requests": {"a": {"m1": 1}, "b": {"m1": 1, "m2": 1}},
    "later": {"m1": [[0, 10, 0], [3, 4, 30]], "m2": [[0, 1, 0]]},
    "first": "2026-11",
}


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, lease_ms=400)


def opened(ledger: Ledger, shards: int = 3, **fields: int) -> str:
    ledger.open("job-1", home="/tmp", shards=range(shards), fields={"shards_done": 0, **fields}, prices=SCHEDULE)
    return "job-1"


def held(ledger: Ledger, job: str, shard: int = 0) -> Lease:
    taken = ledger.lease(job, shard)
    assert isinstance(taken, Lease)
    return taken


def words(ledger: Ledger, lease: Lease, *calls: tuple[str, str, int]) -> list[str]:
    return [word.decode().partition(" ")[0] for word in ledger.begin(lease, calls)]


def adopted(ledger: Ledger, lease: Lease) -> tuple[dict[str, str], dict[str, bytes]]:
    """Call -> the marks of its attempts in the order of their letters, and answers."""
    intents, answers = ledger.adopt(lease)
    marks = {
        call: "".join(sorted(one.mark for attempts in by_api.values() for one in attempts.tried.values()))
        for call, by_api in intents.items()
    }
    return marks, answers


def month(ledger: Ledger) -> str:
    return f"{datetime.fromtimestamp(ledger.redis.time()[0], UTC):%Y-%m}"


def units(ledger: Ledger, job: str, meter: str) -> int:
    """Over all months."""
    return sum(int(n) for name, n in ledger.fields(job).items() if name.startswith("m:") and name.endswith(meter))


def test_a_shard_has_one_holder(ledger: Ledger) -> None:
    job = opened(ledger)
    held(ledger, job)
    assert ledger.lease(job, 0) == NotLeased("leased")


def test_a_lapsed_lease_is_handed_out_again_and_the_old_holder_can_no_longer_finish(ledger: Ledger) -> None:
    job = opened(ledger)
    old = held(ledger, job)
    until(lambda: ledger.reap(job), "the lease lapses")
    new = held(ledger, job)
    assert new.fence != old.fence
    assert new.lapses == 1
    assert not ledger.finish(old, {"ok:labels": 1})
    assert not ledger.renew(job, [old])[1][old]
    assert ledger.finish(new, {"ok:labels": 1})
    assert ledger.progress(job)["ok:labels"] == 1


def test_a_queued_shard_whose_message_was_lost_comes_back(ledger: Ledger) -> None:
    job = opened(ledger, 2)
    assert ledger.feed(job, 10) == [0, 1]
    assert ledger.feed(job, 10) == []
    ledger.reap(job, lost_after_ms=-1)
    assert ledger.feed(job, 10) == [0, 1]


def test_the_queue_holds_a_window_not_the_job(ledger: Ledger) -> None:
    job = opened(ledger, 100)
    assert len(ledger.feed(job, 6)) == 6
    first = held(ledger, job, 0)
    assert ledger.feed(job, 6) == []
    ledger.finish(first, {})
    assert len(ledger.feed(job, 6)) == 1


def test_a_message_that_a_paused_job_refuses_leaves_its_shard_on_the_table(ledger: Ledger) -> None:
    job = opened(ledger)
    (shard, *_) = ledger.feed(job, 1)
    ledger.set_state(job, "paused")
    assert ledger.lease(job, shard) == NotLeased("paused")
    ledger.set_state(job, "running")
    assert shard in ledger.feed(job, 1)


def test_the_last_shard_puts_the_last_step_on_the_table(ledger: Ledger) -> None:
    job = opened(ledger, 1)
    assert ledger.feed(job, 5) == [0]
    ledger.finish(held(ledger, job), {})
    assert ledger.feed(job, 5) == [LAST_STEP]
    assert isinstance(ledger.lease(job, LAST_STEP), Lease)


def test_after_a_resume_shards_come_before_the_last_step(ledger: Ledger) -> None:
    job = opened(ledger, 2)
    ledger.order(job, "cancelled")
    assert ledger.feed(job, 5) == [LAST_STEP]
    ledger.open(job, home="/tmp", shards=[0, 1], fields={})
    ledger.reap(job, lost_after_ms=-1)
    assert ledger.feed(job, 5) == [0, 1]


def test_what_was_in_flight_is_maybe_billed_for_the_next_holder_and_answers_are_kept(ledger: Ledger) -> None:
    job = opened(ledger)
    lease = held(ledger, job)
    assert words(ledger, lease, ("0:a", "a", 1), ("1:a", "a", 1)) == ["go", "go"]
    ledger.settle(lease, [Attempt("0:a", "a", 1, "b", b"answer", "ok:labels")])
    until(lambda: ledger.reap(job), "the lease lapses")
    intents, answers = adopted(ledger, held(ledger, job))
    assert intents == {"0:a": "b", "1:a": "m"}
    assert answers == {"0:a": b"answer"}
    assert ledger.fields(job)["in_flight"] == "0"


def test_a_late_answer_of_a_lost_lease_is_kept(ledger: Ledger) -> None:
    job = opened(ledger)
    old = held(ledger, job)
    words(ledger, old, ("0:a", "a", 1))
    until(lambda: ledger.reap(job), "the lease lapses")
    ledger.settle(old, [Attempt("0:a", "a", 1, "b", b"late", "ok:labels")])
    assert adopted(ledger, held(ledger, job)) == ({"0:a": "b"}, {"0:a": b"late"})


def test_an_answer_later_still_tells_the_next_holder_that_the_attempt_was_billed(ledger: Ledger) -> None:
    job = opened(ledger, cap=1000)
    old = held(ledger, job)
    words(ledger, old, ("0:a", "a", 1), ("1:a", "a", 1))
    until(lambda: ledger.reap(job), "the lease lapses")
    new = held(ledger, job)
    assert adopted(ledger, new)[0] == {"0:a": "m", "1:a": "m"}
    assert words(ledger, new, ("0:a", "a", 1)) == ["go"]
    ledger.settle(old, [Attempt("0:a", "a", 1, "b", b"late", "ok:labels"), Attempt("1:a", "a", 1, "n")])
    ledger.settle(new, [Attempt("0:a", "a", 1, "b", b"again", "ok:labels")])
    until(lambda: ledger.reap(job), "the lease lapses")
    assert adopted(ledger, held(ledger, job)) == ({"0:a": "bb", "1:a": "n"}, {"0:a": b"late"})
    assert units(ledger, job, "m1") == 2  # the attempt that failed gave its unit back
    assert ledger.fields(job)["in_flight"] == "0"


def test_the_door_is_shut_for_lost_leases_and_jobs_that_do_not_run(ledger: Ledger) -> None:
    job = opened(ledger)
    lease = held(ledger, job)
    ledger.set_state(job, "paused")
    assert words(ledger, lease, ("0:a", "a", 1)) == ["paused"]
    ledger.set_state(job, "running")
    assert words(ledger, Lease(job, 0, "of nobody"), ("0:a", "a", 1)) == ["lost"]
    assert words(ledger, lease, ("0:a", "a", 1)) == ["go"]


def test_the_door_is_shut_for_a_call_whose_answer_a_holder_before_brought_late(ledger: Ledger) -> None:
    job = opened(ledger)
    frozen = held(ledger, job)
    assert words(ledger, frozen, ("0:a", "a", 1)) == ["go"]
    until(lambda: ledger.reap(job), "the lease lapses")
    lease = held(ledger, job)
    _, answers = ledger.adopt(lease)
    assert answers == {}
    ledger.settle(frozen, [Attempt("0:a", "a", 1, "b", b"an answer")])
    assert words(ledger, lease, ("0:a", "a", 1), ("1:a", "a", 1)) == ["answered", "go"]


def test_a_failure_of_before_a_retry_is_none_of_the_retry(ledger: Ledger) -> None:
    job = opened(ledger, shards=1)
    frozen = held(ledger, job)
    assert words(ledger, frozen, ("0:a", "a", 1)) == ["go"]
    ledger.close(job, "finished", {})
    opened(ledger, shards=1, retry=1)
    assert not ledger.settle(frozen, [Attempt("0:a", "a", 1, "n", b"a failure", "failed:a")])
    lease = held(ledger, job)
    assert adopted(ledger, lease) == ({"0:a": "n"}, {})
    assert words(ledger, lease, ("0:a", "a", 1)) == ["go"]


def test_asking_twice_because_the_reply_was_lost_counts_once(ledger: Ledger) -> None:
    job = opened(ledger, cap=1000)
    lease = held(ledger, job)
    assert words(ledger, lease, ("0:a", "a", 1)) == ["go"]
    assert words(ledger, lease, ("0:a", "a", 1)) == ["go"]
    assert units(ledger, job, "m1") == 1
    attempt = Attempt("0:a", "a", 1, "n")
    ledger.settle(lease, [attempt])
    ledger.settle(lease, [attempt])
    assert units(ledger, job, "m1") == 0
    assert ledger.fields(job)["cost"] == "0"


def test_the_budget_counts_calls_in_flight_and_ends_the_job_when_none_is_left_to_hope_for(ledger: Ledger) -> None:
    job = opened(ledger, cap=20)
    lease = held(ledger, job)
    assert words(ledger, lease, ("0:a", "a", 1), ("1:a", "a", 1), ("2:a", "a", 1)) == ["go", "go", "wait"]
    ledger.settle(lease, [Attempt("0:a", "a", 1, "n")])  # not billed: its money is free again
    assert words(ledger, lease, ("2:a", "a", 1), ("3:a", "a", 1)) == ["go", "wait"]
    ledger.settle(lease, [Attempt("1:a", "a", 1, "b"), Attempt("2:a", "a", 1, "u")])
    assert words(ledger, lease, ("3:a", "a", 1)) == ["incomplete"]
    assert ledger.fields(job)["reason"] == "budget"


def test_the_budget_is_not_held_by_calls_of_a_dead_holder_and_a_late_answer_still_counts(ledger: Ledger) -> None:
    job = opened(ledger, cap=20)
    dead = held(ledger, job)
    assert words(ledger, dead, ("0:a", "a", 1), ("1:a", "a", 1)) == ["go", "go"]
    until(lambda: ledger.reap(job), "its lease lapses")  # and nobody has room for its shard
    assert ledger.progress(job)["maybe_billed:a:" + month(ledger)] == 2
    living = held(ledger, job, 1)
    assert words(ledger, living, ("500:a", "a", 1)) == ["incomplete"]
    ledger.settle(dead, [Attempt("0:a", "a", 1, "n")])  # it was frozen: this call was not billed
    assert (ledger.fields(job)["cost"], ledger.fields(job)["in_flight"]) == ("10", "0")


def test_the_budget_is_not_held_by_calls_that_a_holder_left_behind(ledger: Ledger) -> None:
    job = opened(ledger, cap=10)
    left = held(ledger, job)
    assert words(ledger, left, ("0:a", "a", 1)) == ["go"]
    assert ledger.release(left)
    assert words(ledger, held(ledger, job, 1), ("500:a", "a", 1)) == ["incomplete"]


def test_a_lease_that_was_renewed_in_time_is_not_taken_back(ledger: Ledger) -> None:
    job = opened(ledger)
    lease = held(ledger, job)
    until(lambda: ledger._scripts["reap"]([key(job, n) for n in ("todo", "queued", "leases")], [""]), "it lapses")
    assert ledger.renew(job, [lease])[1][lease]
    assert ledger._lapse(job, lease.shard) == 0
    assert ledger.table(job)["held"] == 1


def test_a_job_with_no_share_left_waits_its_turn(ledger: Ledger) -> None:
    job = opened(ledger)
    held(ledger, job, 0)
    assert ledger.lease(job, 1, share=1) == NotLeased("share")
    assert isinstance(ledger.lease(job, 1, share=2), Lease)


def test_a_closed_job_leaves_only_its_counters(ledger: Ledger) -> None:
    job = opened(ledger)
    lease = held(ledger, job)
    words(ledger, lease, ("0:a", "a", 1))
    ledger.close(job, "finished", {"ok:labels": 1})
    assert ledger.redis.keys("*") == [key(job).encode()]
    assert ledger.live() == []


def test_a_job_is_ended_by_who_holds_its_last_step_while_nobody_goes_on_with_it(ledger: Ledger) -> None:
    job = opened(ledger, shards=1)
    ledger.order(job, "cancelled")
    last = held(ledger, job, LAST_STEP)
    opened(ledger, shards=1)  # a resume
    assert not ledger.close(job, "cancelled", {}, under=last)
    assert ledger.fields(job)["state"] == "running"
    ledger.order(job, "cancelled")
    assert not ledger.close(job, "cancelled", {}, under=Lease(job, LAST_STEP, "another"))
    assert ledger.live() == [job]
    assert ledger.close(job, "cancelled", {}, under=last)
    assert ledger.live() == []


def test_a_job_opened_while_it_is_closed_is_listed_unless_it_is_over(ledger: Ledger) -> None:
    for _ in range(50):
        job = opened(ledger)
        together = threading.Barrier(2)

        def close(job: str = job, together: threading.Barrier = together) -> None:
            together.wait()
            ledger.close(job, "finished", {})

        def open_again(together: threading.Barrier = together) -> None:
            together.wait()
            opened(ledger)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(close), pool.submit(open_again)]:
                done.result()
        assert ledger.live() == ([job] if ledger.fields(job)["state"] == "running" else [])


def test_opening_a_job_again_keeps_what_is_held(ledger: Ledger) -> None:
    job = opened(ledger)
    lease = held(ledger, job)
    words(ledger, lease, ("0:a", "a", 1))
    ledger.open(job, home="/tmp", shards=range(3), fields={"shards_done": 0})
    assert ledger.table(job) == {"todo": 2, "queued": 0, "held": 1}
    assert ledger.renew(job, [lease])[1][lease]


def test_a_job_opened_by_many_at_once_keeps_what_any_of_them_has_begun(redis: Redis) -> None:
    ledger = Ledger(redis)
    for _ in range(20):
        redis.flushall()
        together = threading.Barrier(4)

        def open_and_begin(shard: int, together: threading.Barrier = together) -> None:
            together.wait()
            job = opened(ledger, 4)
            lease = held(ledger, job, shard)
            assert words(ledger, lease, (f"{shard}:a", "a", 1)) == ["go"]

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(open_and_begin, range(4))) == [None] * 4
        assert ledger.fields("job-1")["in_flight"] == "4"
        assert ledger.table("job-1") == {"todo": 0, "queued": 0, "held": 4}


def test_a_shard_done_while_the_folder_was_read_is_not_put_back(ledger: Ledger) -> None:
    job = opened(ledger, 2)
    left = ledger.on_table(job)
    assert ledger.finish(held(ledger, job, 0), {})
    ledger.open(job, home="/tmp", shards=[0, 1], fields={}, left=left)
    assert ledger.on_table(job) == {1}


def test_after_redis_was_wiped_an_old_holder_is_not_taken_for_the_new_one(ledger: Ledger, redis: Redis) -> None:
    old = held(ledger, opened(ledger))
    redis.flushall()
    new = held(ledger, opened(ledger))
    assert new.fence != old.fence
    assert ledger.renew(new.job, [old, new])[1] == {old: False, new: True}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cap=st.integers(0, 120), plan=st.lists(st.sampled_from("ab"), min_size=1, max_size=40))
def test_many_threads_never_spend_more_than_the_cap_and_never_more_than_one_call_less(
    redis: Redis, cap: int, plan: list[str]
) -> None:
    redis.flushall()
    ledger = Ledger(redis)
    job = opened(ledger, 1, cap=cap)
    lease = held(ledger, job)
    sent: list[str] = []

    def spend(mine: list[tuple[int, str]]) -> None:
        for number, request in mine:
            while (word := words(ledger, lease, (f"{number}:{request}", request, 1))[0]) == "wait":
                pass
            if word != "go":
                return
            mark = "n" if number % 5 == 0 else "b"
            ledger.settle(lease, [Attempt(f"{number}:{request}", request, 1, mark)])
            if mark == "b":
                sent.append(request)

    numbered = list(enumerate(plan))
    threads = [threading.Thread(target=spend, args=(numbered[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = len(sent), sent.count("b")
    cost = min(first, 3) * 10 + max(0, first - 3) * 4 + second
    assert cost <= cap
    assert int(ledger.fields(job).get("cost", 0)) == cost
    if ledger.fields(job)["state"] == "incomplete":
        assert cost + 11 > cap


def test_a_run_is_timed_from_when_its_job_was_last_put_on_the_table(ledger: Ledger) -> None:
    job = opened(ledger, **{"ok:a": 3})
    began, before = ledger.run(ledger.fields(job))
    assert began >= 0 and before == {"ok:a": 3}
    lease = held(ledger, job)
    words(ledger, lease, ("7:a", "a", 1))
    ledger.settle(lease, [Attempt("7:a", "a", 1, "", b"answer", "ok:a")])
    assert ledger.run(ledger.fields(job))[1] == {"ok:a": 3}
    ledger.order(job, "paused")
    assert opened(ledger) == job
    assert ledger.run(ledger.fields(job))[1] == {"ok:a": 4}
