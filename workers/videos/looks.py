"""When to look whether AWS has ended a job: from just before one on a film of that length may end, often.

A slot stays taken until somebody has looked, so a late look costs the account's time; a look costs nothing but its
place under the quota of Gets, of which looks take about half at most. How long a job takes is learned from those that
have ended, as so many seconds each and so many a second of film, and so is how far that is off.
Rules: what a look saw says between which two moments a job ended, never when. What is learned is believed of films that
are about as long as those it was learned from: a line drawn further may be far off.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from jobs.film_speed import line

_STEP, _VAGUE = 0.01, 0.02  # of the time a job runs, until the next look; where nothing is expected
_SOONEST, _LATEST = 0.2, 60.0  # seconds between two looks
_CLOSE = 8  # looks that find a job's end in the time in which it may be, whatever the quota
_UNSURE = 1.0  # seconds between two looks while nothing is expected, at least
_SHARE = 0.5  # of the quota, for looks: pages are read by the same operation
_NARROWEST = 0.008  # of what is expected: the time in which a job may end is no shorter
_BEFORE = 0.25  # of that time, by which the first look is before it: one that finds a job running tells most
KEPT = 64  # jobs that are remembered
_FADES = 0.95  # what a job weighs when the next one has ended
_SCATTER = 20  # last jobs that say how far what is expected may be off
_BEYOND = 1.1  # times shorter or longer than any known, in which a film may be
_SHRINKS, _AT_MOST = 0.02, 0.3  # what a job whose first look found it over may be late by; doubled each time in a row


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that had ended when it was `high` seconds old, and not at `low`."""

    film: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Known:
    """What jobs have shown. `earliest`, `latest`: in shares of what is expected, when one may end."""

    each: float
    share: float  # seconds for a second of film
    films: tuple[float, float]
    earliest: float = 1.0
    latest: float = 1.0

    def expected(self, film: float) -> float:
        return max(_SOONEST, self.each + self.share * film)

    def covers(self, film: float) -> bool:
        shortest, longest = self.films
        return shortest / _BEYOND <= film <= longest * _BEYOND


@dataclass(slots=True)
class Looks:
    """Of one API. `first`: seconds until a job is looked at where nothing is expected; `tps`: the quota of its Gets;
    `open`: jobs of the account that are open."""

    first: float
    tps: float
    open: int
    _jobs: deque[Ended] = field(default_factory=lambda: deque(maxlen=KEPT))
    _known: _Known | None = None
    _late: int = 0  # first looks in a row that found a job over

    def expected(self, film: float) -> float | None:
        """Seconds a job on a film of so many seconds takes; None: no job has shown it."""
        known = self._known
        return known.expected(film) if known is not None and known.covers(film) else None

    def due(self, film: float, running: float | None = None) -> float:
        """How old a job is to be at its next look. `running`: how old it was at the last one, which found it running.
        Worth asking again while it is waited for: other jobs end meanwhile."""
        expected = self.expected(film)
        if expected is None:
            return self.first if running is None else running + self._unsure(running)
        assert self._known is not None
        earliest = max(_SOONEST, self._known.earliest * expected)
        if running is None or running < earliest:
            return earliest
        return running + self._close(running, expected)

    def ended(self, film: float, running: float | None, over: float) -> Ended:
        """A job had ended when it was `over` seconds old, and not at `running`; None: nobody had looked before. What it
        shows, for others."""
        if running is None:
            late = min(_SHRINKS * 2**self._late, _AT_MOST) if self.expected(film) is not None else 1.0
            self._late, running = self._late + 1, over * (1 - late)
        else:
            self._late = 0
        shown = Ended(film, running, over)
        self.learn([*self._jobs, shown])
        return shown

    def learn(self, jobs: Collection[Ended]) -> None:
        """What jobs of all workers have shown, the latest at the end, instead of what is known here."""
        self._jobs = deque(jobs, KEPT)
        self._known = _learned(self._jobs) if self._jobs else None

    def _within_quota(self) -> float:
        """Seconds between two looks at each open job, that all of them have their share of the quota."""
        return self.open / (_SHARE * self.tps)

    def _unsure(self, running: float) -> float:
        seconds = min(max(_UNSURE, self._within_quota()), self.first / 2)
        return min(max(seconds, _VAGUE * running), _LATEST)

    def _close(self, running: float, expected: float) -> float:
        assert self._known is not None
        seconds = max(_STEP * running, self._within_quota())
        if running < self._known.latest * expected:
            window = max(self._known.latest - self._known.earliest, _NARROWEST)
            seconds = min(seconds, window * expected / _CLOSE)
        return min(max(_SOONEST, seconds), _LATEST)


def _learned(ended: Collection[Ended]) -> _Known:
    """Late jobs weigh more."""
    jobs = list(ended)
    weighed = ((job.film, (job.low + job.high) / 2, _FADES**age) for age, job in enumerate(reversed(jobs)))
    each, share = line(weighed)
    films = [job.film for job in jobs]
    plain = _Known(each, share, (min(films), max(films)))
    last = jobs[-_SCATTER:]
    earliest = min((job.low / plain.expected(job.film) for job in last if job.low), default=0.0)
    latest = max(job.high / plain.expected(job.film) for job in last)
    window = max(latest - earliest, _NARROWEST)
    return _Known(each, share, plain.films, earliest - _BEFORE * window, latest)
