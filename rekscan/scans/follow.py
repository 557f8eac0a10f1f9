"""Following a job: live progress with rate and ETA on a terminal, a line now and then elsewhere, and its end."""

import contextlib
import sys
import time
from collections import deque
from collections.abc import Callable

from redis.exceptions import RedisError
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from jobs.folder import JobFolder
from jobs.ledger import Ledger
from jobs.ledger.server import explain
from jobs.status import INTERRUPTED, Status, done, status_of
from jobs.words import duration
from rekscan.console.output import say, talk
from workers import bell
from workers.reconcile import Reconciler

ENDED = {"finished", "incomplete", "cancelled", "paused", "blocked"}
EXIT = {"incomplete": 4, "cancelled": 4, "paused": 4, "blocked": 4}
_GIVEN_UP = 10.0  # seconds in which a scan starts its Redis again, if it lives
_WINDOW = 10.0  # seconds over which the rate is taken
_GLANCE = 0.1  # seconds
_EVERY = 10.0  # seconds between two lines, where no terminal shows bars
_LASTS = 5.0  # seconds for which a job waits until a terminal is told so: for a moment each one does


def exit_code(status: Status) -> int:
    """The exit code that a job's end stands for."""
    if status.state in EXIT:
        return EXIT[status.state]
    return 3 if status.calls["failed"] else 0


class Gone(Exception):
    """The Redis of the scan that was followed is gone, and with it the scan."""


class Pace:
    """How fast a job goes, and how long it still takes: as long as its slowest API."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = RecentRate(clock)
        self._each: dict[str, RecentRate] = {}

    def add(self, status: Status) -> tuple[float, float | None]:
        """Calls per second, and seconds to go; None where nobody can tell yet.

        An API that made no call for a while is taken to go on as `status` says.
        """
        speed = self._all.add(status.done)
        left = {name: calls["planned"] - done(calls) for name, calls in status.by_api.items()}
        rates = {name: self._each.setdefault(name, RecentRate(self._clock)) for name in left}
        speeds = {name: rates[name].add(done(calls)) for name, calls in status.by_api.items()}
        if not speed:
            return speed, None
        waiting = any(left[name] > 0 and not speeds[name] for name in left)
        times = [left[name] / speeds[name] for name in left if speeds[name]]
        return speed, max([*times, (status.eta_s or 0.0) if waiting else 0.0])


class RecentRate:
    """Calls per second over the last seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, done: int) -> float:
        now = self._clock()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        passed = now - self._seen[0][0]
        return (done - self._seen[0][1]) / passed if passed > 0.5 else 0.0


class News:
    """What is said of a job that is followed. On a terminal, beside the bars: what it waits for longer than a moment.
    Elsewhere: a line now and then."""

    def __init__(self, *, terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._clock = clock
        self._last: float | None = None
        self._waits, self._since, self._told = "", 0.0, ""

    def of(self, status: Status, speed: float, left: float | None) -> str:
        """What there is to say now, if anything. `left`: seconds to go."""
        return self._of_waiting(status) if self._terminal else self._line(status, speed, left)

    def _line(self, status: Status, speed: float, left: float | None) -> str:
        if self._last is not None and self._clock() - self._last < _EVERY:
            return ""
        self._last = self._clock()
        far = f"{status.done:,}/{status.calls['planned']:,} calls  {speed:.1f}/s  ETA {_eta(left)}"
        held = _held(status)
        return f"{far}  {held}" if held else far

    def _of_waiting(self, status: Status) -> str:
        if (held := _held(status)) != self._waits:
            self._waits, self._since = held, self._clock()
        if self._waits == self._told or (self._waits and self._clock() - self._since < _LASTS):
            return ""
        self._told = self._waits
        return f"job {status.job} {self._waits or 'goes on'}"


def _held(status: Status) -> str:
    """What a job waits for, or does without."""
    if status.waits_for:
        return f"waits for {status.waits_for}"
    return f"goes on without {status.without}" if status.without else ""


def follow(
    ledger: Ledger,
    folder: JobFolder,
    *,
    tend: Callable[[], None] | None = None,
    reopen: Callable[[], None] | None = None,
    gone: Callable[[], bool] | None = None,
    quiet: bool = False,
) -> Status:
    """Wait for the job's end, showing how far it is. Returns the last status. Raises KeyboardInterrupt, or Gone.

    `tend` is called now and then to keep processes alive, `reopen` when Redis has forgotten the job, `gone` when Redis
    does not answer: whether nobody will start it again.
    """
    pace, news = Pace(), News(terminal=sys.stderr.isatty())
    every = 0.25 if sys.stderr.isatty() else 1.0
    with _bars(quiet) as bars:
        shown: dict[str, TaskID] = {}
        refused = ""
        reconciler = Reconciler(ledger, bell.ring)
        while True:
            status = _look(ledger, folder, tend, gone, reconciler)
            speed, left = pace.add(status)
            _show(bars, shown, status, speed, left)
            if reopen is not None and (status.state, status.reason) == ("incomplete", INTERRUPTED):
                reopen()
            elif status.state in ENDED and not _ending(ledger, status):
                return status
            if not quiet and (told := news.of(status, speed, left)):
                say(told)
            if tend is not None:
                tend()
            refused = _round(reconciler, refused)
            _rest(ledger, folder.job, every)


def _rest(ledger: Ledger, job: str, seconds: float) -> None:
    """No longer than it takes until the job has ended, was paused or blocked."""
    until = time.monotonic() + seconds
    with contextlib.suppress(RedisError, OSError):  # who looks next waits for it
        state = ledger.state(job)
        while time.monotonic() < until and ledger.state(job) == state:
            time.sleep(_GLANCE)


def _round(reconciler: Reconciler, said: str) -> str:
    """A round of the reconciler. What Redis refuses is told once; returns what stands on the screen of it."""
    try:
        reconciler.round()
    except (RedisError, OSError) as error:
        why = explain(error)
        if why.what != said:
            say(f"{why}")
        return why.what
    return ""


def _look(
    ledger: Ledger,
    folder: JobFolder,
    tend: Callable[[], None] | None,
    gone: Callable[[], bool] | None,
    reconciler: Reconciler,
) -> Status:
    """The status; while Redis is away, the last word of the folder would mislead, so wait for it."""
    since: float | None = None
    while True:
        try:
            return status_of(folder, ledger)
        except (RedisError, OSError) as error:
            reconciler.lost_touch()
            if since is None:
                since = time.monotonic()
                say(f"{explain(error).what}; waiting for it")
            if gone is not None and time.monotonic() - since > _GIVEN_UP and gone():
                raise Gone from error
            time.sleep(0.5)
            if tend is not None:
                tend()


def _ending(ledger: Ledger, status: Status) -> bool:
    """A job that stopped short still has its last step to come, which builds the partial tables."""
    return status.state in ("incomplete", "cancelled") and status.job in ledger.live()


def _bars(quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:>9,.0f}/{task.total:,.0f}", markup=False),
        TextColumn("{task.fields[failed]}", style="red", markup=False),
        TextColumn("{task.fields[speed]}", markup=False),
        TimeElapsedColumn(),
        console=talk,
        disable=quiet or not sys.stderr.isatty(),
        transient=True,
    )


def _show(bars: Progress, shown: dict[str, TaskID], status: Status, speed: float, left: float | None) -> None:
    for name, calls in status.by_api.items():
        failed = f"{calls['failed']:,} failed" if calls["failed"] else ""
        if name not in shown:
            shown[name] = bars.add_task(name, total=calls["planned"], failed="", speed="")
        bars.update(shown[name], completed=done(calls), failed=failed)
    if "all" not in shown:
        shown["all"] = bars.add_task("all calls", total=status.calls["planned"], failed="", speed="")
    bars.update(shown["all"], completed=status.done, speed=f"{speed:.1f}/s  ETA {_eta(left)}")


def _eta(left: float | None) -> str:
    return "-" if left is None else duration(left)
