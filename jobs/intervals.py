"""95 % intervals: what a sample says of the whole it was drawn from. Pure.

Rule: what is not known stays an interval. Shares are Wilson's (they hold for small samples and for 0 of n), means use
Student's t; both shrink as the sample nears the whole (finite population correction).
Sources: E. B. Wilson, JASA 22, 1927; Agresti and Coull, The American Statistician 52, 1998; Cornish-Fisher expansion
of t; Cochran, Sampling Techniques, 2.6 and 5.3.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

_Z = 1.959964  # 97.5 % quantile of the normal distribution
_T = {1: 12.706, 2: 4.303, 3: 3.182}  # the same of Student's t, by degrees of freedom


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % interval."""

    low: float
    value: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """`high` is null where the sample sets no upper end."""
        return {"low": self.low, "value": self.value, "high": self.high if isfinite(self.high) else None}


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the whole: `hits` of `of` looked at, which stand for `whole`."""

    hits: int
    of: int
    whole: int


def share(hits: int, of: int, whole: float = inf) -> Interval:
    """`hits` of `of` drawn from `whole`, as a share 0 to 1. Nothing drawn: anything from 0 to 1."""
    if of == 0:
        return Interval(0.0, 0.0, 1.0)
    p, z = hits / of, _Z * _correction(of, whole)
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return Interval(min(p, max(0.0, middle - half)), p, max(p, min(1.0, middle + half)))


def mean(values: Sequence[int], whole: float = inf) -> Interval:
    """The mean of a sample of non-negative counts. One value or none has no upper end."""
    if not values:
        return Interval(0.0, 0.0, inf)
    n, value = len(values), sum(values) / len(values)
    if n == 1:
        return Interval(0.0, value, value if whole == 1 else inf)
    spread = sqrt(sum((x - value) ** 2 for x in values) / (n - 1))
    half = _t(n - 1) * spread / sqrt(n) * _correction(n, whole)
    return Interval(max(0.0, value - half), value, value + half)


def share_at_least(strata: Iterable[Stratum]) -> float:
    """The lower end of the share over several parts, each weighed by what it stands for. All have been looked at."""
    parts = list(strata)
    if len(parts) == 1:
        return share(parts[0].hits, parts[0].of).low
    whole = sum(part.whole for part in parts)
    value = variance = 0.0
    for part in parts:  # Agresti and Coull: two more of each, so that 5 of 5 is not certainty
        p, n = (part.hits + 2) / (part.of + 4), part.of + 4
        weight = part.whole / whole
        value += weight * part.hits / part.of
        variance += weight * weight * p * (1 - p) / n
    return value - _Z * sqrt(variance)


def _correction(n: int, whole: float) -> float:
    """Less is left to chance the more of the whole was drawn."""
    if not isfinite(whole):
        return 1.0
    return sqrt(max(0, whole - n) / (whole - 1)) if whole > 1 else 0.0


def _t(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, to 1 % from 4 degrees of freedom on; below, as tabulated."""
    if freedom in _T:
        return _T[freedom]
    z, v = _Z, freedom
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)
