"""When jobs on films are looked at: late looks keep slots taken, early ones cost calls. AWS is simulated."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from workers.videos.looks import Looks


@dataclass
class Job:
    took: float
    seen: float
    looks: int


def run(looks: Looks, film: float, took: float) -> Job:
    """A job on a film of so many seconds that takes so long, looked at as `looks` says."""
    at, running, count = looks.due(film), None, 1
    while at < took:
        running = at
        at += looks.again(film, at, count)
        count += 1
    looks.ended(film, running, at)
    return Job(took, at, count)


def runs(takes: Callable[[float], float], jobs: int = 300, first: float = 15.0) -> list[Job]:
    """So many jobs on films of half a minute to an hour, without the first thirty."""
    looks, films = Looks(first), random.Random(7)
    return [run(looks, film, takes(film)) for film in (films.uniform(30, 3600) for _ in range(jobs))][30:]


def late(jobs: list[Job]) -> float:
    """The share of the slots' time between a job's end and the look that sees it."""
    return sum(job.seen - job.took for job in jobs) / sum(job.seen for job in jobs)


def looked(jobs: list[Job]) -> float:
    """Looks a job."""
    return sum(job.looks for job in jobs) / len(jobs)


@pytest.mark.parametrize("each, share", [(30.0, 0.5), (20.0, 0.0), (0.0, 0.2), (45.0, 1.5)])
def test_jobs_that_take_as_long_as_their_films_say_are_seen_within_a_hundredth(each: float, share: float) -> None:
    jobs = runs(lambda film: each + share * film)
    assert late(jobs) < 0.01
    assert looked(jobs) < 4


def test_where_times_scatter_looks_stay_few() -> None:
    chance = random.Random(3)
    jobs = runs(lambda film: (30 + 0.4 * film) * chance.uniform(0.8, 1.2))
    assert late(jobs) < 0.1
    assert looked(jobs) < 12


def test_a_service_that_becomes_faster_or_slower_is_learnt() -> None:
    looks = Looks(15)
    for _ in range(100):
        run(looks, 600, 300)
    for _ in range(200):
        run(looks, 600, 100)
    assert looks.expected(600) == pytest.approx(100, rel=0.03)
    for _ in range(100):
        run(looks, 600, 400)
    assert looks.expected(600) == pytest.approx(400, rel=0.03)


def test_while_nothing_is_known_a_look_comes_after_the_first_seconds_and_then_ever_later() -> None:
    looks = Looks(15)
    assert looks.due(3600) == 15
    steps = [looks.again(3600, 15, count) for count in range(1, 12)]
    assert steps == sorted(steps)
    assert steps[-1] == 60


def test_a_short_clip_among_long_films_is_not_looked_at_in_negative_time() -> None:
    looks = Looks(15)
    for film, took in ((3600, 100), (1800, 60), (60, 1)):
        run(looks, film, took)
    assert looks.due(0.04) >= 0
