"""When to look whether AWS has ended a job: about when jobs on films of that length have ended so far, then often.

A slot stays taken until somebody has looked, so a late look costs the account's time; a look costs nothing but its
place under the quota. How long a job takes is learned as so many seconds each and so many a second of film.
Rule: what a look saw says between which two moments a job ended, never when.
"""

from dataclasses import dataclass, field

_EARLY = 0.98  # of the time expected: the look that finds a job still running is what tells when it ends
_STEP, _GROWS, _LATEST = 0.01, 1.25, 60.0  # of the time it runs, until the next look; each step longer than the last
_SOONEST = 0.2  # seconds between two looks
_SHRINKS, _AT_MOST = (
    0.02,
    0.3,
)  # what is expected, where a first look finds a job over: twice as much each time in a row
_KEPT = 0.9  # what a job weighs when the next one has ended


@dataclass(slots=True)
class Looks:
    """Of one API. `first`: seconds until a job is looked at while none has ended."""

    first: float
    _sums: list[float] = field(default_factory=lambda: [0.0] * 5)  # weighed: jobs, x, y, x*x, x*y
    _late: int = 0  # first looks in a row that found a job over

    def expected(self, film: float) -> float | None:
        """Seconds a job on a film of so many seconds takes; None: no job has ended yet."""
        n, x, y, xx, xy = self._sums
        if not n:
            return None
        spread = n * xx - x * x
        if spread > 1e-6 * xx * n:  # films of more than one length
            slope = max(0.0, (n * xy - x * y) / spread)
            return max(0.0, (y - slope * x) / n + slope * film)
        return y / n

    def due(self, film: float) -> float:
        """Seconds from the start to the first look."""
        expected = self.expected(film)
        return self.first if expected is None else max(_SOONEST, _EARLY * expected)

    def again(self, film: float, running: float, looks: int) -> float:
        """Seconds from a look that found it running, after `running` seconds, to the next one."""
        step = self.first / 2 if self.expected(film) is None else _STEP * running
        return min(max(step * _GROWS**looks, _SOONEST), _LATEST)

    def ended(self, film: float, running: float | None, over: float) -> None:
        """A job had ended when it was `over` seconds old, and not at `running`; None: nobody had looked before."""
        if running is None and self._sums[0]:
            left = 1 - min(_SHRINKS * 2**self._late, _AT_MOST)
            self._late += 1
            n, x, y, xx, xy = self._sums
            self._sums = [n, x, left * y, xx, left * xy]
            return
        self._late = 0
        took = over / 2 if running is None else (running + over) / 2
        new = (1, film, took, film**2, film * took)
        self._sums = [_KEPT * old + more for old, more in zip(self._sums, new, strict=True)]
