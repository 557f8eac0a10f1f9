"""What a condition can come to, whatever is on a picture: its comparisons, on contents that tell them apart. Pure.

Rule: it says less than is known, never more: tests of one thing go together, those of different things go each their
own way, and too many ways to try are as good as any.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from math import ceil, floor, prod
from typing import Any as Anything

from jobs.apis.columns import FLAG, LONG, TEXT, WHOLE, Range
from jobs.conditions.holding import compares
from jobs.conditions.tree import All, Any, Compared, Condition, Counted, Has, InShort, Not, Op, RowTest, Value

Leaf = Has | Counted | InShort | Compared
Term = Condition | RowTest
EITHER = frozenset((True, False))
_MOST = 10_000  # ways that are tried
_OTHER = "\0"  # a text that nobody compares with


@dataclass(frozen=True, slots=True)
class Subject:
    """What is compared. `least`: of its range, in this scan. `empty`: there may be none, of which nothing is true."""

    key: str  # what it is, exactly
    name: str  # for people
    kind: str  # as a column's
    range: Range | None = None
    values: tuple[str, ...] = ()  # of texts, where there are no others
    least: float | None = None
    empty: bool = True

    def contents(self, compared: Iterable[Value]) -> list[Anything]:
        """Enough of what it can be to tell comparisons with these apart."""
        found: list[Anything]
        if self.kind == FLAG:
            found = [True, False]
        elif self.kind == TEXT:
            found = list(self.values) or [*compared, _OTHER]
        else:
            found = self._numbers({float(value) for value in compared})
        return [None, *found] if self.empty else found

    def _numbers(self, compared: set[float]) -> list[float]:
        low, high = (self.range.low, self.range.high) if self.range else (None, None)
        low = low if self.least is None else self.least
        ends = compared | {end for end in (low, high) if end is not None}
        if self.kind in (WHOLE, LONG):
            near = {float(step(end)) + by for end in ends for step in (floor, ceil) for by in (-1, 0, 1)}
        else:
            between = {(one + other) / 2 for one, other in pairwise(sorted(ends))}
            near = ends | between | {min(ends) - 1, max(ends) + 1}
        return [one for one in sorted(near) if (low is None or one >= low) and (high is None or one <= high)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison, whatever way it is written."""

    subject: Subject
    op: Op
    value: Value


def terms(term: Term) -> Iterator[Term]:
    """It and all it is made of, parts before the whole."""
    match term:
        case Not(inner):
            yield from terms(inner)
        case All(several) | Any(several):
            for one in several:
                yield from terms(one)
    yield term


def leaves(term: Term) -> Iterator[Leaf]:
    return (one for one in terms(term) if not isinstance(one, Not | All | Any))


def can_be(term: Term, tests: Mapping[Term, Comparison]) -> frozenset[bool]:
    """What it can come to. `tests`: what its leaves compare."""
    mine: dict[Term, Comparison] = {leaf: tests[leaf] for leaf in leaves(term)}
    compared: dict[Subject, set[Value]] = {}
    for test in mine.values():
        compared.setdefault(test.subject, set()).add(test.value)
    ways = [subject.contents(values) for subject, values in compared.items()]
    if prod(map(len, ways)) > _MOST:
        return EITHER
    found = set[bool]()
    for contents in product(*ways):
        content = dict(zip(compared, contents, strict=True))
        found.add(_holds(term, {leaf: compares(content[t.subject], t.op, t.value) for leaf, t in mine.items()}))
        if found == EITHER:
            break
    return frozenset(found)


def _holds(term: Term, held: Mapping[Term, bool]) -> bool:
    match term:
        case Not(inner):
            return not _holds(inner, held)
        case All(several):
            return all(_holds(one, held) for one in several)
        case Any(several):
            return any(_holds(one, held) for one in several)
        case _:
            return held[term]
