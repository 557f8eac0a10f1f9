"""When jobs on films are looked at: late looks keep slots taken, early ones cost calls. AWS is simulated."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from workers.videos.looks import KEPT, Ended, Looks

MINUTES = (1, 2, 3, 5, 8, 12, 20, 30)


@dataclass
class Job:
    """At AWS."""

    film: float
    began: float
    took: float
    seen: float | None = None  # how old it was when somebody saw that it was over
    looked: list[float] = field(default_factory=list)  # how old it was at looks that found it running


def look(looks: Looks, job: Job, age: float) -> Ended | None:
    """What it shows, if it is over."""
    if age < job.took:
        job.looked.append(age)
        return None
    job.seen = age
    return looks.ended(job.film, job.looked[-1] if job.looked else None, age)


def alone(looks: Looks, film: float, took: float) -> Job:
    """A job that nothing else runs beside."""
    job = Job(film, 0, took)
    while not look(looks, job, looks.due(film, job.looked[-1] if job.looked else None)):
        pass
    return job


def runs(takes: Callable[[float], float], jobs: int = 300, first: float = 15.0) -> list[Job]:
    """So many jobs on films of half a minute to an hour, one after another, without the first thirty."""
    looks, films = Looks(first, 20, 20), random.Random(7)
    return [alone(looks, film, takes(film)) for film in (films.uniform(30, 3600) for _ in range(jobs))][30:]


def late(jobs: list[Job]) -> float:
    """The share of the slots' time between a job's end and the look that sees it."""
    return sum((job.seen or 0) - job.took for job in jobs) / sum(job.seen or 0 for job in jobs)


def looked(jobs: list[Job]) -> float:
    """Looks a job."""
    return sum(len(job.looked) + 1 for job in jobs) / len(jobs)


@dataclass
class Account:
    """Slots that several processes fill, a tenth of a second after a job is seen to be over. Once a second each learns
    what jobs of all have shown."""

    processes: int
    takes: Callable[[float], float]
    slots: int = 20
    tps: float = 20.0
    pause: float = 0.1  # from a look that finds a job over to the start of the next one
    jobs: list[Job] = field(default_factory=list)

    def run(self, films: list[float]) -> None:
        looks = [Looks(15, self.tps, self.slots) for _ in range(self.processes)]
        waiting, open_jobs, shown, tick = deque(films), list[tuple[int, Job]](), list[Ended](), 0
        while waiting:
            now, tick = tick / 20, tick + 1
            for each in looks if shown and not tick % 20 else ():
                each.learn(shown[-KEPT:])
            for who, job in list(open_jobs):
                age = now - job.began
                last = job.looked[-1] if job.looked else None
                if age >= looks[who].due(job.film, last) and (ended := look(looks[who], job, age)):
                    open_jobs.remove((who, job))
                    shown.append(ended)
            while waiting and len(open_jobs) < self.slots and self._may_start(now):
                film = waiting.popleft()
                job = Job(film, now + self.pause, self.takes(film))
                open_jobs.append((len(self.jobs) % self.processes, job))
                self.jobs.append(job)

    def _may_start(self, now: float) -> bool:
        """Five starts a second."""
        return len(self.jobs) < 5 or now + self.pause - self.jobs[-5].began >= 1

    @property
    def steady(self) -> tuple[float, float]:
        """From when all slots are first taken to the last start."""
        return self.jobs[self.slots - 1].began, self.jobs[-1].began

    @property
    def held(self) -> float:
        """The share of the slots' time in which a job was under way."""
        first, last = self.steady
        under_way = sum(max(0.0, min(job.began + job.took, last) - max(job.began, first)) for job in self.jobs)
        return under_way / (self.slots * (last - first))

    @property
    def gets(self) -> float:
        """A second."""
        first, last = self.steady
        return sum(len(job.looked) + 1 for job in self.jobs) / (last - first)


def mixed(films: int) -> list[float]:
    """As many films of 1 to 30 minutes."""
    return [60.0 * MINUTES[number % len(MINUTES)] for number in range(films)]


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_slots_are_held_to_a_hundredth_by_jobs_of_a_minute_from_the_first_on(processes: int) -> None:
    account = Account(processes, lambda film: 20 + film / 30)
    account.run(mixed(300))
    assert account.held > 0.99
    assert account.gets < account.tps / 2


def test_slots_are_held_where_times_scatter_and_looks_keep_to_their_share_of_the_quota() -> None:
    chance = random.Random(3)
    account = Account(2, lambda film: (60 + film / 2) * chance.uniform(0.8, 1.2), tps=5)
    account.run(mixed(200))
    assert account.held > 0.98
    assert account.gets < account.tps / 2


@pytest.mark.parametrize("each, share", [(30.0, 0.5), (20.0, 0.0), (0.0, 0.2), (45.0, 1.5)])
def test_jobs_that_take_as_long_as_their_films_say_are_seen_within_a_hundredth(each: float, share: float) -> None:
    jobs = runs(lambda film: each + share * film)
    assert late(jobs) < 0.01
    assert looked(jobs) < 15


def test_where_times_scatter_what_is_lost_stays_small() -> None:
    chance = random.Random(3)
    jobs = runs(lambda film: (30 + 0.4 * film) * chance.uniform(0.8, 1.2))
    assert late(jobs) < 0.02
    assert looked(jobs) < 60


def test_a_service_that_becomes_faster_or_slower_is_learnt() -> None:
    looks = Looks(15, 20, 20)
    for _ in range(100):
        alone(looks, 600, 300)
    for _ in range(200):
        alone(looks, 600, 100)
    assert looks.expected(600) == pytest.approx(100, rel=0.03)
    for _ in range(100):
        alone(looks, 600, 400)
    assert looks.expected(600) == pytest.approx(400, rel=0.03)


def test_while_nothing_is_known_a_look_comes_after_the_first_seconds_and_then_as_often_as_the_quota_allows() -> None:
    looks = Looks(15, 5, 20)
    assert looks.due(3600) == 15
    assert looks.due(3600, 15) == 15 + 7.5
    assert Looks(15, 20, 20).due(3600, 15) == 15 + 2
    assert Looks(15, 20, 1).due(3600, 15) == 15 + 1
    assert looks.due(3600, 86_400) == 86_400 + 60


def test_what_films_of_some_length_have_shown_says_nothing_of_much_longer_and_shorter_ones() -> None:
    looks = Looks(15, 20, 20)
    for film, took in ((60, 22), (120, 24), (180, 26)):
        alone(looks, film, took)
    assert looks.expected(150) == pytest.approx(25, rel=0.02)
    assert looks.expected(1800) is None and looks.expected(10) is None


def test_a_job_is_looked_at_sooner_once_others_have_shown_that_it_may_be_over() -> None:
    looks = Looks(15, 5, 20)
    before = looks.due(600, 22.5)
    alone(looks, 600, 23)
    assert looks.due(600, 22.5) < before


def test_a_short_clip_among_long_films_is_not_looked_at_in_negative_time() -> None:
    looks = Looks(15, 20, 20)
    for film, took in ((3600, 100), (1800, 60), (60, 1)):
        alone(looks, film, took)
    assert looks.due(60) >= 0 and looks.due(0.04) >= 0
