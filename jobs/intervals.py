"""95 % intervals: what a sample says of the whole it was drawn from. Pure.

Rule: what is not known stays an interval, and no interval contradicts what was counted: of a whole that is known, the
share lies between the hits seen and all but the others seen, and all of it looked at is certain.
A share of a whole is exact: every number of hits in it that the sample would not be among the 2.5 % oddest for, on
either side, by the hypergeometric distribution. Over strata it is that of a plain sample which would tell as much.
Means use Student's t with the finite population correction; values that are all alike show no spread, so there as many
others may be as the sample would miss.
Sources: Buonaccorsi, The American Statistician 41, 1987 (exact, finite population); Cochran, Sampling Techniques, 2.6,
5.3 to 5.6 (strata) and 5A.9 (cut into strata afterwards); a size that tells as much: Korn and Graubard, Survey
Methodology 24, 1998; Dean and Pagano, Journal of Survey Statistics and Methodology 3, 2015; Cornish-Fisher expansion
of t; the median beside the mean: Jogdeo and Samuels, Annals of Mathematical Statistics 39, 1968. Of findings without an
end, as a review's: E. B. Wilson, JASA 22, 1927; Agresti and Coull, The American Statistician 52, 1998.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, floor, inf, isfinite, lgamma, sqrt

_Z = 1.959964  # 97.5 % quantile of the normal distribution
_T = {1: 12.706, 2: 4.303, 3: 3.182}  # the same of Student's t, by degrees of freedom
_TAIL = 0.025 * (1 + 1e-9)  # what is as odd or odder on one side is no truth; a float may miss by as much
_ENOUGH = 1e-12  # of a sum: smaller terms are left out
_EVEN = 1e-6  # of an image: what a float may miss a whole number by


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


def share(hits: int, of: int, whole: int) -> Interval:
    """`hits` of `of` drawn from `whole`, as a share 0 to 1. Nothing drawn: anything from 0 to 1."""
    return share_of_whole([Stratum(hits, of, max(whole, of))])


def wilson(hits: int, of: int) -> Interval:
    """`hits` of `of` that stand for any number, as a share 0 to 1. None: anything from 0 to 1."""
    if of == 0:
        return Interval(0.0, 0.0, 1.0)
    p = hits / of
    low, high = _wilson(p, of, _Z)
    return Interval(min(p, low), p, max(p, high))


def mean(values: Sequence[int], whole: float = inf, most: float = inf) -> Interval:
    """The mean of a sample of counts from 0 to `most`. Without that, values that are all alike, as one is, set no upper
    end."""
    if not values:
        return Interval(0.0, 0.0, most)
    n, value = len(values), sum(values) / len(values)
    seen = sum(values) / whole
    if min(values) == max(values):
        others = _others(n, whole)
        low = value * (1 - others)
        return Interval(max(seen, low), value, low + others * most if others else value)
    spread = sqrt(sum((x - value) ** 2 for x in values) / (n - 1))
    half = _t(n - 1) * spread / sqrt(n) * _correction(n, whole)
    return Interval(max(seen, value - half), value, min(most, value + half))


def share_at_least(strata: Iterable[Stratum]) -> float:
    """The lower end of the share over several parts, each weighed by what it stands for. All have been looked at."""
    parts = list(strata)
    if len(parts) == 1:
        return wilson(parts[0].hits, parts[0].of).low
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
    looked = sum(part.whole for part in known)
    value = float(sum(Fraction(part.whole * part.hits, part.of * looked) for part in known))
    most = whole - _fewest(Stratum(part.of - part.hits, part.of, part.whole, part.open) for part in parts)
    return Interval(min(_fewest(parts) / whole, value), value, max(most / whole, value))


def _fewest(parts: Iterable[Stratum]) -> int:
    """Hits there are at least, where none that is open or in a stratum without a sample is one."""
    parts = list(parts)
    drawn = [(part.hits, part.of + part.open, part.whole) for part in parts if part.of + part.open]
    looked = sum(size for _, _, size in drawn)
    p = sum(size * hits / n for hits, n, size in drawn) / looked
    size = _plain_size(drawn, p)
    hits = floor(size * p + _EVEN)
    of = min(looked, hits + ceil(size * (1 - p) - _EVEN))
    return max(sum(part.hits for part in parts), _least_hits(hits, of, looked))


def _plain_size(drawn: Sequence[tuple[int, int, int]], p: float) -> float:
    """Of a plain sample that would tell as much. `drawn`, of each stratum: hits, drawn, whole; `p`: of all of them."""
    whole = sum(size for _, _, size in drawn)
    spreads = [(size / whole) ** 2 * _correction(n, size) ** 2 / n for _, n, size in drawn]
    spread = sum(spreads)  # were all strata alike
    if spread and 0 < p < 1:
        # Two more of the whole's share in each stratum, so that 0 of 20 is not certainty.
        alike = [(hits + 2 * p) / (n + 2) for hits, n, _ in drawn]
        spread = sum(v * q * (1 - q) for v, q in zip(spreads, alike, strict=True)) / (p * (1 - p))
    return whole / (1 + spread * (whole - 1))


def _least_hits(hits: int, of: int, whole: int) -> int:
    """The fewest hits in the whole of which a sample has so many often enough."""
    possible = range(hits, whole - of + hits + 1)
    return possible[bisect_left(possible, True, key=lambda there: _chance(hits, of, there, whole) > _TAIL)]


def _chance(hits: int, of: int, there: int, whole: int) -> float:
    """That a plain sample has so many hits or more, as far as it matters: 1 for what is over a half."""
    if hits <= of * there // whole:  # the median is no smaller
        return 1.0
    others = whole - there
    term = exp(_ways(there, hits) + _ways(others, of - hits) - _ways(whole, of))
    total = 0.0
    while term > _ENOUGH * total:
        total += term
        term *= (there - hits) * (of - hits) / ((hits + 1) * (others - of + hits + 1))
        hits += 1
    return total


def _ways(of: int, some: int) -> float:
    """To choose some of them: a logarithm."""
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)


def _others(n: int, whole: float) -> float:
    """The largest share that a sample of n often enough has none of."""
    return 1 - _TAIL ** (1 / n) if not isfinite(whole) else share(0, n, round(whole)).high


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
