"""95 % intervals: what a sample says of the whole it was drawn from. Pure.

Rule: what is not known stays an interval. Shares are Wilson's (they hold for small samples and for 0 of n), means use
Student's t; both shrink as the sample nears the whole (finite population correction).
Sources: E. B. Wilson, JASA 22, 1927; Agresti and Coull, The American Statistician 52, 1998; Cornish-Fisher expansion
of t; Cochran, Sampling Techniques, 2.6, 5.3 and 5A.9 (post-stratification); Wilson's interval at an effective size:
Dean and Pagano, Journal of Survey Statistics and Methodology 3, 2015.
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
    open: int = 0  # drawn besides, of which nobody knows whether they are hits


def share(hits: int, of: int, whole: float = inf) -> Interval:
    """`hits` of `of` drawn from `whole`, as a share 0 to 1. Nothing drawn: anything from 0 to 1."""
    if of == 0:
        return Interval(0.0, 0.0, 1.0)
    p = hits / of
    low, high = _wilson(p, of, _Z * _correction(of, whole))
    return Interval(min(p, low), p, max(p, high))


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


def share_of_whole(strata: Iterable[Stratum]) -> Interval:
    """The share of hits in a whole of which a part of each stratum was drawn, each weighed by what it stands for.

    The interval covers whatever those are that nobody knows of, also a stratum of which nothing was drawn.
    """
    parts = list(strata)
    whole = sum(part.whole for part in parts)
    known = [part for part in parts if part.of]
    if not whole or not known:
        return Interval(0.0, 0.0, 1.0)
    value = sum(part.whole * part.hits / part.of for part in known) / sum(part.whole for part in known)
    low, _ = _ends([(part.hits, part.of + part.open, part.whole) for part in parts])
    _, high = _ends([(part.hits + part.open, part.of + part.open, part.whole) for part in parts])
    return Interval(min(low, value), value, max(high, value))


def _ends(parts: Iterable[tuple[int, int, int]]) -> tuple[float, float]:
    """The ends of Wilson's interval at the size of a plain sample that tells as much. Each part: hits, drawn, whole."""
    parts = list(parts)
    drawn = [part for part in parts if part[1]]
    whole, looked = sum(part[2] for part in parts), sum(part[2] for part in drawn)
    p = sum(size * hits / n for hits, n, size in drawn) / looked
    spreads = [(size / looked) ** 2 * _correction(n, size) ** 2 / n for _, n, size in drawn]
    told = 1 / sum(spreads) if sum(spreads) else inf  # by as many of a plain sample, were all strata alike
    if isfinite(told) and 0 < p < 1:
        # Two more of the whole's share in each stratum, so that 0 of 20 is not certainty.
        alike = [(hits + 2 * p) / (n + 2) for hits, n, _ in drawn]
        told *= p * (1 - p) * sum(spreads) / sum(v * q * (1 - q) for v, q in zip(spreads, alike, strict=True))
    low, high = (p, p) if not isfinite(told) else _wilson(p, told, _Z)
    seen, others = sum(hits for hits, _, _ in drawn), sum(n - hits for hits, n, _ in drawn)
    low, high = low * looked / whole, (high * looked + whole - looked) / whole
    return max(low, seen / whole), min(high, 1 - others / whole)


def _wilson(p: float, n: float, z: float) -> tuple[float, float]:
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


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
