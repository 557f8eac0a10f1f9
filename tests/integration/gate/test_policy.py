"""How the gate's rate follows the true quota: its own script on a real Redis, in simulated time."""

import itertools

import pytest
from redis import Redis

from tests.support.gate_simulation import World


@pytest.mark.parametrize(("quota", "workers"), [(50, 1), (50, 2), (50, 4), (200, 2), (1000, 1), (1000, 4)])
def test_a_quota_that_is_known_is_used_whole_without_one_refusal(
    redis: "Redis[bytes]", quota: int, workers: int
) -> None:
    world = World(redis, quota, lambda _: quota, exact=True, jobs=(workers,)).run(25)
    assert world.accepted(10, 25) >= 0.99 * quota
    assert world.throttled(0, 25) == 0
    assert world.accepted(8, 10) >= 0.95 * quota


@pytest.mark.parametrize("wrong", [0.25, 0.5, 1, 2, 4])
@pytest.mark.parametrize("quota", [50, 200])
def test_the_rate_settles_on_the_true_quota_whatever_was_believed(
    redis: "Redis[bytes]", quota: int, wrong: float
) -> None:
    world = World(redis, quota * wrong, lambda _: quota).run(75)
    assert world.accepted(45, 75) >= 0.95 * quota
    assert world.refused_share(45, 75) <= 0.01
    if wrong > 1:
        assert world.accepted(6, 20) >= 0.93 * quota
        assert world.refused_share(6, 20) <= 0.02


def test_a_believed_quota_that_is_right_is_hardly_ever_doubted(redis: "Redis[bytes]") -> None:
    world = World(redis, 100, lambda _: 100).run(150)
    assert world.accepted(10, 150) >= 0.99 * 100
    assert world.refused_share(0, 150) <= 0.001


def test_a_rate_that_the_user_named_is_never_exceeded(redis: "Redis[bytes]") -> None:
    world = World(redis, 20, lambda _: 100, exact=True).run(60)
    assert all(world.accepted(t, t + 1) <= 22 for t in range(60))


@pytest.mark.parametrize(
    ("quota", "exact", "back"),
    [
        *itertools.product((50,), (True, False), (36, 41)),
        (200, True, 41), (200, False, 36), (1000, True, 36), (1000, False, 41),
    ],
)  # fmt: skip
def test_a_quota_that_halves_and_comes_back_is_followed(
    redis: "Redis[bytes]", quota: int, exact: bool, back: int
) -> None:
    world = World(redis, quota, lambda t: quota / 2 if 16 <= t < back else quota, exact=exact, seed=back).run(back + 26)
    assert world.accepted(22, back) >= 0.95 * quota / 2
    assert world.refused_share(22, back) <= 0.01
    assert world.accepted(back + 19, back + 26) >= 0.95 * quota


def test_a_storm_of_refusals_does_not_bring_the_rate_to_nothing(redis: "Redis[bytes]") -> None:
    world = World(redis, 100, lambda t: 1 if 10 <= t < 13 else 100, exact=True).run(50)
    assert world.accepted(45, 50) >= 0.95 * 100


@pytest.mark.parametrize("latency", [0.05, 1.5])
def test_slow_answers_do_not_mislead_it(redis: "Redis[bytes]", latency: float) -> None:
    world = World(redis, 200, lambda _: 100, latency=latency).run(60)
    assert world.accepted(30, 60) >= 0.95 * 100
    assert world.refused_share(30, 60) <= 0.03


@pytest.mark.parametrize("processes", [(1, 1), (3, 1), (8, 1, 1)])
def test_jobs_on_one_quota_share_it_equally(redis: "Redis[bytes]", processes: tuple[int, ...]) -> None:
    world = World(redis, 60, lambda _: 60, exact=True, jobs=processes).run(40)
    fair = 60 / len(processes)
    for job in range(len(processes)):
        assert world.accepted(10, 40, f"job{job}") == pytest.approx(fair, rel=0.1)


def test_what_one_job_leaves_another_uses(redis: "Redis[bytes]") -> None:
    world = World(redis, 60, lambda _: 60, exact=True, jobs=(1, 1))
    world.turnstiles[0].free = world.turnstiles[0].threads = 3  # enough for 10 calls a second
    world.run(40)
    assert world.accepted(10, 40) >= 0.92 * 60  # the slow job lets some of its permits lapse
    assert world.accepted(10, 40, "job0") >= 7


@pytest.mark.parametrize(("quota", "turnstiles"), [(50, 10), (50, 1000), (1000, 100)])
def test_no_permit_lies_more_than_a_second_ahead_and_the_quota_is_used_whole(
    redis: "Redis[bytes]", quota: int, turnstiles: int
) -> None:
    world = World(redis, quota, lambda _: quota, exact=True, jobs=(turnstiles,), threads=50 if quota == 50 else 400)
    world.run(11)
    assert max(asked.ahead for asked in world.asked if asked.permits) <= 1
    assert world.accepted(5, 11) >= 0.99 * quota
    assert world.throttled(0, 11) == 0
    assert world.asks(5, 11) <= 250 + turnstiles
    world.arrive("small", 1)
    assert world.run(13).first("small") <= 12.3


def test_of_a_thousand_turnstiles_each_job_has_its_share_and_all_of_it_when_the_others_stop(
    redis: "Redis[bytes]",
) -> None:
    world = World(redis, 100, lambda _: 100, exact=True, jobs=(990, 10), threads=50).run(14)
    assert world.accepted(6, 14, "job0") == pytest.approx(50, rel=0.1)
    assert world.accepted(6, 14, "job1") == pytest.approx(50, rel=0.1)
    world.stop("job0")
    world.run(18)
    assert world.accepted(15, 18) >= 0.98 * 100
