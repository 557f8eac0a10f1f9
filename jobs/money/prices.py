"""Prices: which tiers a meter has in a Region, and what a number of units costs.

Rule: money is Decimal and nothing is rounded here. Tiers are graduated and pooled per meter, Region and calendar month:
each unit costs what the tier says that the month's running total has reached. A unit no tier covers has no price: it is
unknown, never $0. Source of every number: jobs/data/prices.json, or the table given in its place (see offers.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, localcontext
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from jobs.errors import RekscanError

EXACT = Context(prec=60)  # digits enough that no product or sum of prices and units is ever rounded
Units = int | Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """Units `start` (counted from 0 in the month) up to but not `end` cost `usd` each; `end` None: without end."""

    start: int
    end: int | None
    usd: Decimal
    confidence: str  # "price-list", "aws-text", "third-party", "inferred"; what each means stands in the table
    as_of: str = ""  # date of this price, ISO 8601


@dataclass(frozen=True, slots=True)
class TierLine:
    """So many units at one price. `usd_each` and `usd` are None where the price is not known."""

    units: Decimal
    usd_each: Decimal | None
    usd: Decimal | None
    confidence: str
    as_of: str = ""  # date of the price

    def plus(self, other: "TierLine") -> "TierLine":
        """Both together; they have one price."""
        units = total((self.units, other.units)) or Decimal(0)
        return replace(self, units=units, usd=total((self.usd, other.usd)))

    def to_json(self) -> dict[str, Any]:
        return {
            "units": number(self.units),
            "usd_each": money(self.usd_each),
            "usd": money(self.usd),
            "confidence": self.confidence,
            "as_of": self.as_of or None,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one meter in one Region and month, tier by tier."""

    meter: str
    region: str
    units: Decimal
    tiers: tuple[TierLine, ...]

    @property
    def usd(self) -> Decimal | None:
        """US dollars, exact; None as soon as one unit has no known price."""
        return total(tier.usd for tier in self.tiers)

    @property
    def unknown(self) -> Decimal:
        """Units without a known price."""
        return sum((tier.units for tier in self.tiers if tier.usd is None), Decimal(0))


@dataclass(frozen=True, slots=True)
class Meter:
    """What AWS bills by. `unit`: image, minute, face-month, user-month, hour, unit-hour, request."""

    name: str
    unit: str
    regions: Mapping[str, tuple[Tier, ...]]


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices in US dollars, with where and when they were read."""

    source: str
    as_of: str  # date of the prices, ISO 8601
    meters: Mapping[str, Meter]
    operations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # meter -> operations it bills
    confidence: Mapping[str, str] = field(default_factory=dict)  # what each level of confidence means
    free_tier: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # offer -> its pools (free_tier.py)

    @classmethod
    def bundled(cls) -> "PriceTable":
        """The table that comes with rekscan (jobs/data/prices.json)."""
        return _bundled()

    @classmethod
    def load(cls, path: Path) -> "PriceTable":
        """A table from a JSON file in the form of jobs/data/prices.json. Raises RekscanError if it is not one."""
        try:
            return cls.from_json(orjson.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise RekscanError(
                f"{path} is not a price table: {error}", "`rekscan prices --refresh` writes one."
            ) from error

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PriceTable":
        return cls(
            source=data["source"],
            as_of=data["as_of"],
            meters={name: _meter(name, row, data["as_of"]) for name, row in data["meters"].items()},
            operations={meter: tuple(names) for meter, names in data.get("operations", {}).items()},
            confidence=data.get("confidence", {}),
            free_tier=data.get("free_tier", {}),
        )

    def to_json(self) -> dict[str, Any]:
        """The table in the form `from_json` reads."""
        return {
            "source": self.source,
            "as_of": self.as_of,
            "currency": "USD",
            "confidence": dict(self.confidence),
            "operations": {meter: list(names) for meter, names in self.operations.items()},
            "free_tier": {name: dict(offer) for name, offer in self.free_tier.items()},
            "meters": {m.name: {"unit": m.unit, "regions": _regions_json(m)} for m in self.meters.values()},
        }

    def only(self, region: str, meters: Iterable[str], *elsewhere: str) -> "PriceTable":
        """The rows one job is priced with, for its job.json. `elsewhere`: further Regions."""
        kept = {name: self.meters[name] for name in dict.fromkeys(meters) if name in self.meters}
        rows = {
            name: Meter(name, meter.unit, {r: tiers for r, tiers in meter.regions.items() if r in (region, *elsewhere)})
            for name, meter in kept.items()
        }
        operations = {name: self.operations[name] for name in rows if name in self.operations}
        return PriceTable(self.source, self.as_of, rows, operations, self.confidence, self.free_tier)

    def tiers(self, meter: str, region: str) -> tuple[Tier, ...]:
        """The tiers of a meter in a Region, from the first unit on; empty where no price is known."""
        row = self.meters.get(meter)
        return row.regions.get(region, ()) if row else ()

    def unit(self, meter: str) -> str:
        return self.meters[meter].unit if meter in self.meters else "unit"

    def price(self, meter: str, region: str, units: Units, used: Units = 0) -> Line:
        """What `units` cost after `used` units of the meter were billed in this Region and calendar month."""
        count = Decimal(units)
        return Line(meter, region, count, walk(self.tiers(meter, region), count, Decimal(used)))


def walk(tiers: Sequence[Tier], units: Decimal, used: Decimal) -> tuple[TierLine, ...]:
    """`units` through graduated tiers, the first standing at `used`. Gaps between tiers and what lies past the last
    one come out with no price."""
    found: list[TierLine] = []
    at, stop = used, used + units
    with localcontext(EXACT):
        for tier in tiers:
            if at >= stop:
                break
            if at < tier.start:
                at = _unknown(found, at, min(Decimal(tier.start), stop))
            end = stop if tier.end is None else min(Decimal(tier.end), stop)
            if end > at:
                found.append(TierLine(end - at, tier.usd, (end - at) * tier.usd, tier.confidence, tier.as_of))
                at = end
        if at < stop:
            _unknown(found, at, stop)
    return tuple(found)


def _unknown(found: list[TierLine], at: Decimal, end: Decimal) -> Decimal:
    if end > at:
        found.append(TierLine(end - at, None, None, "unknown"))
    return end


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The exact sum; None if one of the amounts is unknown."""
    with localcontext(EXACT):
        sum_ = Decimal(0)
        for amount in amounts:
            if amount is None:
                return None
            sum_ += amount
        return sum_


def known_total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The exact sum of the known amounts; None if there are amounts and none is known."""
    rows = list(amounts)
    known = [amount for amount in rows if amount is not None]
    return total(known) if known or not rows else None


def money(amount: Decimal | None) -> str | None:
    """Dollars with full precision, as JSON carries them: "2200", "0.0002925"; None where unknown."""
    if amount is None:
        return None
    with localcontext(EXACT):
        return format(amount.normalize(), "f")


def number(units: Decimal) -> int | float:
    """Units as a JSON number."""
    return int(units) if units == units.to_integral_value() else float(units)


def _meter(name: str, row: Mapping[str, Any], as_of: str) -> Meter:
    regions = {region: tuple(_tier(tier, as_of) for tier in tiers) for region, tiers in row["regions"].items()}
    for region, tiers in regions.items():
        edges = [tier.start for tier in tiers]
        if edges != sorted(set(edges)) or any(t.end is None or t.end > n.start for t, n in pairwise(tiers)):
            raise ValueError(f"the tiers of {name} in {region} overlap or are out of order")
    return Meter(name, row["unit"], regions)


def _tier(row: Mapping[str, Any], as_of: str) -> Tier:
    if not isinstance(row["usd"], str):
        raise ValueError(f"a price is a string, for Decimal: {row['usd']!r}")
    price = Decimal(row["usd"])
    if not price.is_finite() or price < 0:
        raise ValueError(f"{row['usd']!r} is no price")
    end = row["to"]
    return Tier(int(row["from"]), None if end is None else int(end), price, row["confidence"], row.get("as_of", as_of))


def _regions_json(meter: Meter) -> dict[str, Any]:
    return {region: [_tier_json(tier) for tier in tiers] for region, tiers in meter.regions.items()}


def _tier_json(tier: Tier) -> dict[str, Any]:
    price = {"from": tier.start, "to": tier.end, "usd": format(tier.usd, "f")}
    return price | {"confidence": tier.confidence, "as_of": tier.as_of}


@cache
def _bundled() -> PriceTable:
    return PriceTable.from_json(orjson.loads(resources.files("jobs").joinpath("data/prices.json").read_bytes()))
