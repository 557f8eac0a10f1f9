"""What is said of a job that is followed."""

from jobs.status import Status
from rekscan.scans.follow import News

CALLS = {"labels": {"planned": 20, "ok": 5, "skipped": 0, "failed": 0, "maybe_billed": 0}}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def status(waits_for: str = "") -> Status:
    return Status("20261123-000000-abcd", "running", by_api=CALLS, waits_for=waits_for)


def test_lines_come_now_and_then_and_say_what_the_job_waits_for() -> None:
    clock = Clock()
    news = News(terminal=False, clock=clock)
    assert news.of(status(), 2.5, 6.0) == "5/20 calls  2.5/s  ETA 6 s"
    assert news.of(status("a worker"), 0, None) == ""
    clock.now += 10
    assert news.of(status("a worker"), 0, None) == "5/20 calls  0.0/s  ETA -  waits for a worker"


def test_on_a_terminal_it_is_said_once_what_is_waited_for_longer_than_a_moment_and_when_that_is_over() -> None:
    clock = Clock()
    news = News(terminal=True, clock=clock)
    said = []
    for second in range(40):
        clock.now += 1
        waits = "a service that is not well" if second in (2, 3) or 10 <= second < 30 else ""
        said.append(news.of(status(waits), 0, None))
    assert [(n, text) for n, text in enumerate(said) if text] == [
        (15, "job 20261123-000000-abcd waits for a service that is not well"),
        (30, "job 20261123-000000-abcd goes on"),
    ]
