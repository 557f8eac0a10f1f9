"""The reckoning: what a job was planned to cost, what it cost, and what AWS may have billed on top.

Rule: actual is what was answered, priced by the rows and the month-to-date the job was planned with, tier by tier; so
when nothing failed it equals the plan to the last digit. Attempts whose answer never came are counted apart as `maybe`:
never hidden in `actual`, never guessed away. Months are those the calls were made in, places those they were made at:
each has tiers of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from jobs.apis import Choice, VideoChoice
from jobs.costs.tallies import Tallies, Tally
from jobs.folder import JobSpec
from jobs.money.free_tier import FreeTier, Month
from jobs.money.months import quantity
from jobs.money.prices import PriceTable, TierLine, Units, known_total, money, number, total
from jobs.planned import PlannedLine
from jobs.pools import OWN, month_of, place_of

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class CostLine:
    """One API on one meter. Dollars are None where the price is not known."""

    api: str
    operation: str
    meter: str
    unit: str
    planned_units: Decimal
    planned_usd: Decimal | None
    actual: tuple[TierLine, ...]
    maybe: tuple[TierLine, ...]
    calls: Tally
    place: str = ""  # of a job at several places, where it was asked; "": its own
    region: str = ""  # of that place, where there are several
    account: str = ""  # the same
    spared: int = 0  # calls that were planned, and not made as their condition did not hold

    @property
    def actual_units(self) -> Decimal:
        return _units(self.actual)

    @property
    def maybe_units(self) -> Decimal:
        return _units(self.maybe)

    @property
    def actual_usd(self) -> Decimal | None:
        return total(tier.usd for tier in self.actual)

    @property
    def maybe_usd(self) -> Decimal | None:
        return total(tier.usd for tier in self.maybe)

    @property
    def spared_usd(self) -> Decimal | None:
        """About what they would have cost."""
        return self.worth(self.spared)

    def worth(self, calls: int) -> Decimal | None:
        """About what so many calls cost: at the plan's average price. None of what is billed by the hour."""
        if self.planned_usd is None or not self.planned_units or self.unit != "image":
            return None
        return self.planned_usd * calls / self.planned_units

    def to_json(self) -> dict[str, Any]:
        spared = {"spared_usd": money(self.spared_usd)} if self.calls.not_asked else {}
        region = {"region": self.region, "account": self.account} if self.region else {}
        return (
            spared
            | region
            | {
                "api": self.api,
                "operation": self.operation,
                "meter": self.meter,
                "unit": self.unit,
                "planned": {"units": number(self.planned_units), "usd": money(self.planned_usd)},
                "actual": _part_json(self.actual, self.actual_usd),
                "maybe": _part_json(self.maybe, self.maybe_usd),
                "calls": self.calls.to_json(),
            }
        )


@dataclass(frozen=True, slots=True)
class Costs:
    job: str
    region: str
    lines: tuple[CostLine, ...]
    months: Mapping[str, tuple[CostLine, ...]]  # the same by calendar month, without what was planned
    prices_source: str
    prices_as_of: str
    planned_usd: Decimal | None  # the plan's total, of the lines whose price is known
    regions: tuple[str, ...] = ()  # of a job at several places: theirs, its own first

    @property
    def actual_usd(self) -> Decimal | None:
        """US dollars of the answered calls, as far as prices are known."""
        return known_total(line.actual_usd for line in self.lines)

    @property
    def maybe_usd(self) -> Decimal | None:
        """US dollars AWS may have billed on top."""
        return known_total(line.maybe_usd for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether every unit has a price."""
        return all(line.actual_usd is not None and line.maybe_usd is not None for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """The document of `rekscan costs --json`."""
        return {
            "job": self.job,
            "region": self.region,
            **({"regions": list(self.regions)} if self.regions else {}),
            "lines": [line.to_json() for line in self.lines],
            "usd": {
                "planned": money(self.planned_usd),
                "actual": money(self.actual_usd),
                "maybe": money(self.maybe_usd),
            },
            "complete": self.complete,
            "months": [
                {
                    "month": month,
                    "actual_usd": money(known_total(line.actual_usd for line in lines)),
                    "maybe_usd": money(known_total(line.maybe_usd for line in lines)),
                }
                for month, lines in self.months.items()
            ],
            "prices": {"source": self.prices_source, "as_of": self.prices_as_of},
        }


def reckon(
    spec: JobSpec, tallies: Tallies | Mapping[str, int], *, before: Mapping[str, Mapping[str, Decimal]] | None = None
) -> Costs:
    """What a job cost by the tallies of its folder, or by live counters (`ok:labels`, `units:labels`, ...).

    `before`: units per pool and meter that other jobs were billed first, in place of the plan's month to date.
    """
    found = tallies if isinstance(tallies, Tallies) else Tallies.of_counters(tallies, spec.first_month)
    months: dict[str, tuple[CostLine, ...]] = {}
    for pool, calls in found.by_pool().items():
        months[month_of(pool)] = months.get(month_of(pool), ()) + _pool(spec, pool, calls, before)
    return Costs(
        job=spec.job,
        region=spec.region,
        lines=tuple(_with_spared(_lines(spec, months))),
        months=months,
        prices_source=spec.prices["source"],
        prices_as_of=spec.prices["as_of"],
        planned_usd=spec.plan.total_usd,
        regions=tuple(map(spec.where, (OWN, *(place.name for place in spec.places)))) if spec.places else (),
    )


def _pool(
    spec: JobSpec, pool: str, calls: Mapping[str, Tally], before: Mapping[str, Mapping[str, Decimal]] | None
) -> tuple[CostLine, ...]:
    """The lines of one pool: all that was answered, then all that may have been billed."""
    prices, place = PriceTable.from_json(spec.prices), place_of(pool)
    region, account = spec.at(place)
    if before is not None:
        used = dict(before.get(pool, {}))
    else:
        used = dict(spec.plan.month_to_date) if pool == spec.first_month else {}
    name = spec.plan.free_tier if not place else None
    running = Month(prices, region, used, FreeTier.named(name, prices) if name else None)
    asked = [choice for choice in spec.choices if not place or choice.api.name in calls]
    rows = [(c, meter, calls.get(c.api.name, Tally())) for c in asked for meter in _meters(c)]
    actual = [running.price(meter, billed(c, tally_)).tiers for c, meter, tally_ in rows]
    maybe = [running.price(meter, maybe_billed(c, tally_)).tiers for c, meter, tally_ in rows]
    return tuple(
        CostLine(
            c.api.name,
            c.api.operation,
            meter,
            prices.unit(meter),
            Decimal(0),
            Decimal(0),
            a,
            m,
            tally_,
            place,
            *((region, account) if spec.places else ()),
        )
        for (c, meter, tally_), a, m in zip(rows, actual, maybe, strict=True)
    )


def billed(choice: Choice | VideoChoice, calls: Tally) -> Units:
    """Units of each of its meters that calls of an API were billed: pictures, minutes, or hours of a model."""
    if choice.api.runs:
        return quantity(Decimal(calls.ms), HOUR_MS)
    return quantity(Decimal(calls.ms), MINUTE_MS) if isinstance(choice, VideoChoice) else calls.units


def maybe_billed(choice: Choice | VideoChoice, calls: Tally) -> Units:
    """Those that may have been billed on top. A call to a model is billed by nothing."""
    if choice.api.runs:
        return 0
    return quantity(Decimal(calls.maybe_ms), MINUTE_MS) if isinstance(choice, VideoChoice) else calls.maybe_billed


def _meters(choice: Choice | VideoChoice) -> tuple[str, ...]:
    """What an API is billed by: its calls, or the hours of its model."""
    return choice.meters or ((choice.api.runs.meter,) if choice.api.runs else ())


def _lines(spec: JobSpec, months: Mapping[str, tuple[CostLine, ...]]) -> Iterable[CostLine]:
    """Every line of the plan with what became of it over all months."""
    prices = PriceTable.from_json(spec.prices)
    planned = {(row.api, row.meter, row.place): row for row in spec.plan.lines}
    made: dict[tuple[str, str, str], list[CostLine]] = {}
    for line in (line for lines in months.values() for line in lines):
        made.setdefault((line.api, line.meter, line.place), []).append(line)
    for choice in spec.choices:
        for meter in _meters(choice):
            for place in (OWN, *(place.name for place in spec.places)):
                which = (choice.api.name, meter, place)
                if not place or which in planned or which in made:
                    plan = planned.get(which, PlannedLine(usd=Decimal(0)))
                    yield _line(spec, choice, meter, prices.unit(meter), place, plan, made.get(which, ()))


def _with_spared(lines: Iterable[CostLine]) -> Iterator[CostLine]:
    """The lines with the calls that conditions spared, over all places never more than were planned and not billed: a
    picture that takes another's answer (--near) costs nothing either way. Those that could not be decided spared
    nothing: a retry asks what failed, and then them."""
    several = list(lines)
    left: dict[tuple[str, str], Decimal] = {}
    for line in several:
        which = (line.api, line.meter)
        left[which] = left.get(which, Decimal(0)) + line.planned_units - line.actual_units - line.maybe_units
    for line in several:
        which = (line.api, line.meter)
        spared = min(line.calls.not_asked - line.calls.undecided, max(0, int(left[which])))
        left[which] -= spared
        yield replace(line, spared=spared)


def _line(
    spec: JobSpec,
    choice: Choice | VideoChoice,
    meter: str,
    unit: str,
    place: str,
    plan: PlannedLine,
    made: Sequence[CostLine],
) -> CostLine:
    """One line of the plan with what became of it over all months."""
    calls = Tally()
    for line in made:
        calls = calls.plus(line.calls)
    return CostLine(
        choice.api.name,
        choice.api.operation,
        meter,
        unit,
        plan.units,
        plan.usd,
        _together(tier for line in made for tier in line.actual),
        _together(tier for line in made for tier in line.maybe),
        calls,
        place,
        *(spec.at(place) if spec.places else ()),
    )


def _together(tiers: Iterable[TierLine]) -> tuple[TierLine, ...]:
    """Units of one price put together."""
    found: dict[tuple[Decimal | None, str, str], TierLine] = {}
    for tier in tiers:
        key = (tier.usd_each, tier.confidence, tier.as_of)
        found[key] = found[key].plus(tier) if key in found else tier
    return tuple(found.values())


def _units(tiers: Iterable[TierLine]) -> Decimal:
    return sum((tier.units for tier in tiers), Decimal(0))


def _part_json(tiers: tuple[TierLine, ...], usd: Decimal | None) -> dict[str, Any]:
    return {"units": number(_units(tiers)), "usd": money(usd), "tiers": [tier.to_json() for tier in tiers]}
