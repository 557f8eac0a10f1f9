"""Tallies: what became of a job's calls, in numbers, as counted from its folder (counting.py) or by the ledger.

Rule: values only, with the names the ledger gives its counters.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

from jobs.pools import month_of

_OF_A_MONTH = ("units", "maybe_billed", "ms", "maybe_ms")  # counters that money hangs on
_OF_SOME = ("not_asked", "undecided", "ms", "maybe_ms", "probed_ms", "minutes_up")


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls of one API by what became of them, and the units they were billed on each of its meters."""

    ok: int = 0
    known: int = 0  # of `ok`: answered from an earlier paid call
    skipped: int = 0
    failed: int = 0
    not_asked: int = 0  # their condition did not hold, or could not be decided
    undecided: int = 0  # of `not_asked`: could not be decided, as what it reads failed or was skipped
    attempts: int = 0
    units: int = 0
    maybe_billed: int = 0
    ms: int = 0  # of films: milliseconds of the billed ones, as AWS says; of a model: those it ran, times its units
    maybe_ms: int = 0  # of those that may have been billed
    probed_ms: int = 0  # of the answered ones, as their headers have it
    minutes_up: int = 0  # of the answered ones, each rounded up to whole minutes

    def plus(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tally)))

    def to_json(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if value or name not in _OF_SOME}


@dataclass(slots=True)
class Tallies:
    """Tallies by pool (jobs/pools.py: `2026-11`) and API."""

    rows: dict[tuple[str, str], Tally] = field(default_factory=dict)
    last: datetime | None = None  # start of the last attempt, where known

    def add(self, pool: str, api: str, more: Tally) -> None:
        self.rows[pool, api] = self.rows.get((pool, api), Tally()).plus(more)

    def by_pool(self) -> dict[str, dict[str, Tally]]:
        """Pools in order, each with its APIs."""
        found: dict[str, dict[str, Tally]] = {}
        for (pool, api), row in sorted(self.rows.items()):
            found.setdefault(pool, {})[api] = row
        return found

    def of_month(self, month: str) -> "Tallies":
        return Tallies({key: row for key, row in self.rows.items() if month_of(key[0]) == month})

    def by_api(self) -> dict[str, Tally]:
        """Over all months."""
        found: dict[str, Tally] = {}
        for (_, api), row in self.rows.items():
            found[api] = found.get(api, Tally()).plus(row)
        return found

    def counters(self) -> dict[str, int]:
        """Named as the ledger names them: `ok:labels`, `units:labels:2026-11`, ..."""
        found: dict[str, int] = {}
        for (pool, api), row in self.rows.items():
            for name, value in row.to_json().items():
                key = f"{name}:{api}:{pool}" if name in _OF_A_MONTH else f"{name}:{api}"
                if value:
                    found[key] = found.get(key, 0) + value
        return found

    @classmethod
    def of_counters(cls, counters: Mapping[str, int], month: str) -> "Tallies":
        """From the ledger's counters. `month`: that of those that tell no pool."""
        names = {f.name for f in fields(Tally)}
        found = cls()
        for key, value in counters.items():
            name, *rest = key.split(":")
            if name in names and rest:
                found.add(rest[1] if len(rest) > 1 else month, rest[0], Tally(**{name: int(value)}))
        return found
