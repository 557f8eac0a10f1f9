"""Attempts at a call: facts with an identity, which are only ever added. Nothing else looks at their marks.

An attempt is the holder's that sent it (the fence of its lease) and its number there. Its mark says what is known:

    b  billed: answered                      t  throttled, so not billed
    u  its answer never came                 m  its holder died or was frozen, so nobody knows
    n  not billed: an error came             ?  under way

As text, in a row of a result part: `k3f9x2ab0q:b2026-11 z81ce4m5tt:m2026-11,b2026-12`: by holder, its attempts in
order, each with the pool it was begun in: the month, by UTC and Redis's clock, and the place (jobs/pools.py).
Rule: two records of one attempt are one attempt; what its holder knows of it goes before what others took it for.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Mark = Literal["b", "u", "m", "n", "t", "?"]

_SENT = frozenset("bum?")  # billed, or maybe billed
_RANK = {mark: rank for rank, mark in enumerate("?mtnub")}  # the later one is taken
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NOT_KNOWN = "-"  # in texts, an attempt that only later ones tell of


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: `pool` as `2026-11`, elsewhere than at the job's own place `2026-11@eu-west-1`."""

    mark: Mark
    pool: str


Named = tuple[str, int]  # its holder, its number from 1


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts at one call for one API."""

    tried: Mapping[Named, Tried]

    @classmethod
    def of(cls, holder: str, *tried: Tried) -> "Attempts":
        return cls({(holder, number): one for number, one in enumerate(tried, 1)})

    @classmethod
    def parse(cls, text: str | None) -> "Attempts":
        return _parsed(text) if text else NONE

    @property
    def text(self) -> str | None:
        """As `parse` reads it; None for no attempt."""
        if len(self.tried) == 1:  # as of nearly every call
            [((holder, number), one)] = self.tried.items()
            return f"{holder}:{'-,' * (number - 1)}{one.mark}{one.pool}"
        holders: dict[str, dict[int, Tried]] = {}
        for (holder, number), one in self.tried.items():
            holders.setdefault(holder, {})[number] = one
        return " ".join(f"{holder}:{_texts(holders[holder])}" for holder in sorted(holders)) or None

    def __or__(self, other: "Attempts") -> "Attempts":
        if not other.tried:
            return self
        if not self.tried:
            return other
        both = dict(self.tried)
        for name, one in other.tried.items():
            had = both.get(name)
            if had is None or _RANK[one.mark] > _RANK[had.mark]:
                both[name] = Tried(one.mark, had.pool) if had is not None else one
        return Attempts(both)

    def __contains__(self, other: "Attempts") -> bool:
        """Whether nothing that `other` tells is news."""
        return self | other == self

    def __len__(self) -> int:
        return len(self.tried)

    @property
    def columns(self) -> dict[str, Any]:
        """What a row says of them (jobs/outcomes.py)."""
        return {
            "attempts": len(self),
            "throttles": self.throttles,
            "maybe_billed": self.maybe_billed,
            "units": self.units,
            "marks": self.text,
        }

    def next_of(self, holder: str) -> int:
        """The number of this holder's next attempt."""
        return 1 + max((number for name, number in self.tried if name == holder), default=0)

    @property
    def throttles(self) -> int:
        return sum(one.mark == "t" for one in self.tried.values())

    @property
    def units(self) -> int:
        """1 when the call was billed for its answer."""
        return int(self._billed is not None)

    @property
    def maybe_billed(self) -> int:
        """Attempts that AWS has or may have billed beside that one: a second answer among them."""
        return sum(one.mark in _SENT for one in self.tried.values()) - self.units

    def pools(self) -> Iterator[tuple[str, int, int, int]]:
        """By pool: attempts, `units`, `maybe_billed`."""
        billed = self._billed
        for pool in sorted({one.pool for one in self.tried.values()}):
            mine = [(name, one) for name, one in self.tried.items() if one.pool == pool]
            units = sum(name == billed for name, _ in mine)
            yield pool, len(mine), units, sum(one.mark in _SENT for _, one in mine) - units

    @property
    def _billed(self) -> Named | None:
        """The attempt whose answer counts: the first of those billed."""
        return min(((one.pool, name) for name, one in self.tried.items() if one.mark == "b"), default=("", None))[1]


NONE = Attempts({})
ByApi = Mapping[str, Attempts]  # the attempts at one call, for each API it serves


def new_fence() -> str:
    """The id of a lease's holder. By chance alone: no clock and no counter that a lost second of Redis would repeat."""
    number, text = uuid.uuid4().int, ""
    for _ in range(10):
        number, digit = divmod(number, 36)
        text += _DIGITS[digit]
    return text


def counted(attempts: int, units: int, maybe_billed: int, throttles: int, month: str, holder: str = "") -> Attempts:
    """The attempts of a row that has only counts, as those of a `holder` without a name."""
    throttled = min(throttles, max(0, attempts - units - maybe_billed))
    failed = max(0, attempts - units - maybe_billed - throttled)
    marks: tuple[tuple[Mark, int], ...] = (("b", units), ("m", maybe_billed), ("t", throttled), ("n", failed))
    return Attempts.of(holder, *(Tried(mark, month) for mark, times in marks for _ in range(times)))


def of_journal(records: Iterable[tuple[str, str]]) -> dict[str, dict[str, Attempts]]:
    """Call -> API -> attempts, of the records in Redis: `CALL HOLDER NUMBER` -> mark, pool and request
    (`b2026-11 labels+properties`)."""
    found: dict[str, dict[str, Attempts]] = {}
    for name, value in records:
        call, holder, number = name.split(" ")
        what, request = value.split(" ")
        one = Attempts({(holder, int(number)): _tried(what)})
        by_api = found.setdefault(call, {})
        for api in request.split("+"):
            by_api[api] = by_api.get(api, NONE) | one
    return found


def _tried(text: str) -> Tried:
    return Tried(text[0], text[1:])  # type: ignore[arg-type]


def _texts(tried: Mapping[int, Tried]) -> str:
    some = (tried.get(number) for number in range(1, max(tried) + 1))
    return ",".join(f"{one.mark}{one.pool}" if one else _NOT_KNOWN for one in some)


@lru_cache(4096)
def _parsed(text: str) -> Attempts:
    found: dict[Named, Tried] = {}
    for one in text.split(" "):
        holder, _, marks = one.partition(":")
        found.update({(holder, n): _tried(mark) for n, mark in enumerate(marks.split(","), 1) if mark != _NOT_KNOWN})
    return Attempts(found)
