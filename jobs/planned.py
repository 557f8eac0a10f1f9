"""The plan as a document keeps it: in job.json, in an amendment, and as `estimate --json` prints it.

Rule: it is read by attribute, never by key; dollars and units are Decimal, and what is not known is None. What builds
and prices a plan is jobs/plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

from jobs.money.prices import money, number

Dollars = Annotated[Decimal, PlainSerializer(money)]  # a string with every digit: "0.0002925"
Quantity = Annotated[Decimal, PlainSerializer(number)]  # a number


@dataclass(frozen=True, slots=True)
class PlannedItems:
    """What the source holds."""

    images: int = 0  # images to send
    videos: int = 0  # videos
    skipped: Mapping[str, int] = field(default_factory=dict)  # items left out, by reason
    bytes: int = 0  # bytes of what is sent
    frames: int = 0  # of the images: frames of films (since 2)


@dataclass(frozen=True, slots=True)
class PlannedTier:
    """So many units at one price."""

    units: Quantity = Decimal(0)  # how many
    usd_each: Dollars | None = None  # dollars of one
    usd: Dollars | None = None  # dollars of all
    confidence: str = ""  # how sure the price is
    as_of: str | None = None  # date of the price


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One API on one meter."""

    api: str = ""  # as --api names it
    operation: str = ""  # AWS's name of the call
    meter: str = ""  # what AWS bills by
    unit: str = ""  # of the meter: image, minute, ...
    units: Quantity = Decimal(0)  # how many
    tiers: tuple[PlannedTier, ...] = ()  # the same by price
    usd: Dollars | None = None  # dollars
    place: str = ""  # where, of a job at several places; "": its own (since 5)


@dataclass(frozen=True, slots=True)
class PlannedMonth:
    """One calendar month of the job."""

    month: str = ""  # 2026-12
    lines: tuple[PlannedLine, ...] = ()  # what falls into it
    usd: Dollars | None = None  # dollars, as far as prices are known


@dataclass(frozen=True, slots=True)
class PlannedRate:
    """Calls of one operation and their rate."""

    calls: int = 0  # how many
    tps: float | None = None  # calls a second
    source: str = "unknown"  # where the rate is from: --tps, units, service-quotas, aws-text, ...
    as_of: str | None = None  # date of the quota
    duration_s: float | None = None  # seconds they take


@dataclass(frozen=True, slots=True)
class PlannedRates:
    """The rates and where they are from."""

    source: str = ""  # of the quota table
    as_of: str = ""  # its date
    operations: Mapping[str, PlannedRate] = field(default_factory=dict)  # by operation


@dataclass(frozen=True, slots=True)
class PricesUsed:
    """Where the prices are from."""

    source: str = ""  # of the price table
    as_of: str = ""  # its date


@dataclass(frozen=True, slots=True)
class TotalBounds:
    """The total if AWS reads its unclear rules the cheaper or the dearer way."""

    low_usd: Dollars | None = None  # dollars, the cheaper way
    high_usd: Dollars | None = None  # dollars, the dearer way


@dataclass(frozen=True, slots=True)
class PairsAsked:
    """Pairs of pictures that look alike of which both were asked: in how many the answers of an API differ."""

    api: str = ""  # as --api names it (since 3)
    what: str = ""  # of the answers was compared: labels, number of faces (since 3)
    pairs: int = 0  # that were compared (since 3)
    differ: int = 0  # of them (since 3)


@dataclass(frozen=True, slots=True)
class PlannedNear:
    """What --near saves, and what it may miss."""

    images: int = 0  # that take the answers of others (since 3)
    usd: Dollars | None = None  # dollars it saves (since 3)
    job: str = ""  # that asked pairs (since 3)
    asked: tuple[PairsAsked, ...] = ()  # what it found (since 3)


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """What a job was approved for. `lines`, `months`, ... as jobs/plan made them."""

    region: str = ""  # AWS Region
    items: PlannedItems = PlannedItems()  # what is in the source
    lines: tuple[PlannedLine, ...] = ()  # what costs
    total_usd: Dollars | None = None  # dollars of the lines whose price is known
    complete: bool = False  # whether every line has a price
    duration_s: float | None = None  # seconds at the planned rates
    prices: PricesUsed = PricesUsed()  # where they are from
    assumptions: tuple[str, ...] = ()  # what the plan takes for granted
    unknown: tuple[str, ...] = ()  # why it is not complete
    bounds: TotalBounds = TotalBounds()  # of the total
    months: tuple[PlannedMonth, ...] = ()  # by calendar month, where a start was given
    quotas: PlannedRates = PlannedRates()  # the rates it is timed with
    start: date | None = None  # day it was planned to start
    month_to_date: Mapping[str, Quantity] = field(default_factory=dict)  # units billed before, by meter
    free_tier: str | None = None  # offer that was counted in
