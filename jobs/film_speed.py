"""How long AWS works on a film: so many seconds each, and so many for a second of film. Pure.

Rule: a guess is said to be one, and gives way to what jobs have shown. AWS publishes no speed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_APART = 2.0  # times longer the longest film is than the shortest, for them to tell what length has to do with it
_FEWEST = 3  # jobs that show anything
_SOONEST = 0.2  # seconds: what is shorter weighs no more


@dataclass(frozen=True, slots=True)
class Speed:
    """`jobs`: that have shown it; 0: it is a guess."""

    each: float  # seconds a job takes, however short its film
    share: float  # seconds more for each second of film
    jobs: int = 0

    def seconds(self, jobs: int, ms: int) -> float:
        """Of so many jobs on films of that length together, one after the other."""
        return jobs * self.each + ms / 1000 * self.share


# Clips of ten seconds took 20 to 46 s where somebody wrote it down; of long films nobody did, so the second number is
# ours.
ASSUMED = Speed(30.0, 0.5)


def shown(took: Sequence[tuple[float, float]]) -> Speed | None:
    """What jobs on films of so many seconds have shown that took so many; None: they are too few."""
    if len(took) < _FEWEST:
        return None
    films = [film for film, _ in took]
    if max(films) >= _APART * min(films):
        each, share = line((film, seconds, 1.0) for film, seconds in took)
        return Speed(max(0.0, each), share, len(took))
    factor = sum(seconds / ASSUMED.seconds(1, round(1000 * film)) for film, seconds in took) / len(took)
    return Speed(ASSUMED.each * factor, ASSUMED.share * factor, len(took))


def line(took: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Seconds each, and for a second of film, that are least off, in shares of the time each job took: of films of so
    many seconds, jobs that took so many, and what each weighs."""
    n = x = y = xx = xy = 0.0
    for film, seconds, weighs in took:
        weight = weighs / max(seconds, _SOONEST) ** 2
        n, x, y = n + weight, x + weight * film, y + weight * seconds
        xx, xy = xx + weight * film**2, xy + weight * film * seconds
    spread = n * xx - x * x
    share = max(0.0, (n * xy - x * y) / spread) if spread > 1e-6 * xx * n else 0.0  # films of more than one length
    return (y - share * x) / n, share
