"""How long a job still takes: as long as its slowest API."""

from jobs.status import Status
from rekscan.scans.follow import Pace


def at(eta_s=None, **done):
    """A status of 156 images, with so many calls of each API made."""
    calls = {name: {"planned": 156, "ok": n, "skipped": 0, "failed": 0, "maybe_billed": 0} for name, n in done.items()}
    return Status("j", "running", by_api=calls, eta_s=eta_s)


def paced(*steps):
    """What a pace says after a status each second."""
    seconds = iter(second for second in range(100) for _ in range(1 + len(steps[0].by_api)))
    pace = Pace(lambda: float(next(seconds)))
    return [pace.add(step) for step in steps][-1]


def test_time_to_go_is_that_of_the_slowest_api():
    speed, left = paced(at(labels=35, faces=136), at(labels=40, faces=146), at(labels=45, faces=156))
    assert speed == 15.0
    assert left == (156 - 45) / 5.0  # on the average of both it would be 7


def test_an_api_that_has_not_begun_goes_on_at_its_quota():
    assert paced(at(60.0, labels=0, faces=10), at(60.0, labels=0, faces=20))[1] == 60.0


def test_an_api_that_is_done_holds_nothing_up():
    assert paced(at(labels=10, faces=156), at(labels=20, faces=156))[1] == 136 / 10


def test_nobody_can_tell_before_the_first_calls():
    assert paced(at(labels=0), at(labels=0))[1] is None
