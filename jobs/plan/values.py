"""What a plan is: lines, months, rates and their sum, as values and as the document of `estimate --json`.

Rule: nothing is rounded, and a line without a known price is None, never $0. `jobs/plan/build.py` builds these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from jobs import documents
from jobs.counts import Counts
from jobs.intervals import Interval
from jobs.money.free_tier import FreeTier, Month
from jobs.money.prices import PriceTable, TierLine, Units, known_total, number, total
from jobs.places import Place
from jobs.plan.both_ways import BothWays
from jobs.plan.by_regions import WithRegions
from jobs.plan.conditional import Conditional
from jobs.plan.first import FirstStage
from jobs.plan.near import NearSaving
from jobs.plan.stream import MonthlyStream
from jobs.plan.videos import VideoJobs
from jobs.planned import (
    PlanDocument,
    PlannedItems,
    PlannedLine,
    PlannedMonth,
    PlannedRate,
    PlannedRates,
    PlannedTier,
    PricesUsed,
    TotalBounds,
)
from jobs.pools import OWN
from jobs.words import dollars

# Seconds of a core that the emulator takes for a call on a picture, and for a second of film and an API: by the clock
# of a busy machine, docs/emulator-models.md.
EMULATED_S, EMULATED_FILM_S = 0.25, 0.25


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One API on one meter, over all months or in one."""

    api: str
    operation: str
    meter: str
    unit: str  # of the meter: image, minute, face-month, ...
    units: Decimal
    tiers: tuple[TierLine, ...]
    open: str | None = None  # why the quantity is not fully known
    place: str = ""  # where it is asked, of a plan for several places; "": its own

    @property
    def usd(self) -> Decimal | None:
        """US dollars, exact; None if a price or the quantity is unknown."""
        return None if self.open else total(tier.usd for tier in self.tiers)

    def document(self) -> PlannedLine:
        tiers = tuple(PlannedTier(t.units, t.usd_each, t.usd, t.confidence, t.as_of or None) for t in self.tiers)
        return PlannedLine(self.api, self.operation, self.meter, self.unit, self.units, tiers, self.usd, self.place)


@dataclass(frozen=True, slots=True)
class PlanMonth:
    """One calendar month of a job: `2026-12` and its lines."""

    month: str
    lines: tuple[PlanLine, ...]

    @property
    def usd(self) -> Decimal | None:
        return known_total(line.usd for line in self.lines)

    def document(self) -> PlannedMonth:
        return PlannedMonth(self.month, tuple(line.document() for line in self.lines), self.usd)


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls of one operation and the rate they are made at (None: not known)."""

    operation: str
    calls: int
    tps: float | None
    source: str  # where the rate is from: a confidence of the quota table, "--tps", or "units" of a model
    as_of: str = ""  # date of the quota
    at: Mapping[str, float | None] = field(default_factory=dict)  # of several places, each one's: `tps` is their sum

    @property
    def here(self) -> float | None:
        """The rate at the job's own place."""
        return self.at.get(OWN, self.tps)

    @property
    def seconds(self) -> float | None:
        return 0.0 if not self.calls else None if self.tps is None else self.calls / self.tps

    def document(self) -> PlannedRate:
        return PlannedRate(self.calls, self.tps, self.source, self.as_of or None, self.seconds)


@dataclass(frozen=True, slots=True)
class Plan:
    region: str
    counts: Counts
    lines: tuple[PlanLine, ...]
    months: tuple[PlanMonth, ...]  # empty when no start date was given
    rates: tuple[Rate, ...]
    high_usd: Decimal | None  # the total if AWS reads its unclear rules the dearer way
    prices: PriceTable  # the rows used
    quotas_source: str
    quotas_as_of: str
    start: date | None = None
    month_to_date: Mapping[str, Units] = field(default_factory=dict)
    free_tier: FreeTier | None = None
    known: int = 0  # calls left out because their answer is there already, or will be
    copies: int = 0  # images whose content another of the source has: paid for once
    unread: int = 0  # images of which nothing tells before they are read whether their answer is known
    earlier: int = 0  # of the known calls: an earlier job has the answer
    stream: MonthlyStream | None = None  # new images each month, after those of the source
    both: tuple[BothWays, ...] = ()  # of films that frames are taken of: what they cost as video
    video_jobs: VideoJobs | None = None  # what is started at AWS and waited for
    assumptions: tuple[str, ...] = ()
    emulated_s: float | None = None  # seconds, where the bundled emulator answers and not AWS
    cut: str = ""  # why not all of the source is in the plan
    stops: str = ""  # at a cap that is under the total
    conditional: tuple[Conditional, ...] = ()  # APIs under a condition, which the lines count on every image
    answered: Mapping[str, Interval] = field(default_factory=dict)  # share of the calls, by API that is always asked
    near: NearSaving | None = None  # of --near: pictures that take the answers of others
    drawn_from: int = 0  # images of the source, where the plan is of a sample of them
    first: FirstStage | None = None  # the bundled models, which look at the images before AWS does
    places: tuple[Place, ...] = ()  # where the calls go besides the Region, each with the rates there
    left_out: tuple[str, ...] = ()  # sentences: which are not asked, or not for all, and why
    by_regions: tuple[WithRegions, ...] = ()  # what the first Region alone would take, the first two, ...

    def region_of(self, place: str) -> str:
        """Of a place by its name."""
        return next((one.region for one in self.places if one.name == place), self.region)

    def profile_of(self, place: str) -> str | None:
        """Of another account than the job's own."""
        return next((one.profile for one in self.places if one.name == place), None)

    def asked_of(self, *, inherits: bool) -> int:
        """Images that an API is asked about; without those that take the answers of others, where it lets them."""
        return self.counts.images - (self.near.images if self.near and inherits else 0)

    def where(self, place: str) -> str:
        """A place as people read it: its name, the Region where it is the job's own."""
        return place or self.region

    @property
    def regions(self) -> tuple[str, ...]:
        """Where it is asked, the job's own Region first: by the names of places."""
        return (self.region, *(place.name for place in self.places))

    def month(self, place: str = OWN) -> Month:
        """The running totals of a place's first month: other places than its own begin at zero, with no free units."""
        if place:
            return Month(self.prices, self.region_of(place), {})
        return Month(self.prices, self.region, self.month_to_date, self.free_tier)

    def assuming(self, assumptions: tuple[str, ...]) -> "Plan":
        """The plan with what it takes for granted."""
        return replace(self, assumptions=assumptions)

    def emulated(self, cores: int) -> "Plan":
        """The plan where the bundled emulator answers, on so many cores of this machine."""
        calls = sum(rate.calls for rate in self.rates if not rate.operation.startswith("Start"))
        minutes = {line.api: line.units for line in self.lines if line.operation.startswith("Start")}  # on each meter
        films = 60 * float(sum(minutes.values()))
        return replace(self, emulated_s=round((calls * EMULATED_S + films * EMULATED_FILM_S) / cores, 1))

    def cut_by_cap(self) -> "Plan":
        """The plan of a source that was not listed to its end."""
        listed = f"{self.counts.images:,} images"
        why = f"Cut: the cap pays for no more than the {listed} listed; the total is of those, not of the whole source."
        return replace(self, cut=why, assumptions=(why, *self.assumptions))

    def held_to(self, cap: Decimal) -> "Plan":
        """The plan of a job with a cap of its own, which says where it may stop: what is known or broken is free."""
        if self.total is None or self.total <= cap:
            return self
        images = self.counts.images
        of_images = (
            f": about {int(images * cap / self.total):,} of {images:,} images" if not self.asks_of_videos else ""
        )
        free = "; what turns out to be known or broken costs nothing" if self.unread else ""
        why = f"May stop at the cap of {dollars(cap)}{of_images}{free}."
        return replace(self, stops=why, assumptions=(why, *self.assumptions))

    @property
    def total(self) -> Decimal | None:
        """The sum of the lines whose price is known; None if none is. Only final when `complete`."""
        return known_total(line.usd for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether every line has a price."""
        return all(line.usd is not None for line in self.lines)

    @property
    def unpriced(self) -> bool:
        """Whether there are units that the price table has no price for."""
        return any(tier.usd is None for line in self.lines for tier in line.tiers)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why the total is not complete, one sentence per line without a price."""
        found = []
        for line in self.lines:
            units = sum((tier.units for tier in line.tiers if tier.usd is None), Decimal(0))
            if units:
                where = self.where(line.place)
                found.append(f"{line.api}: no price of {line.meter} in {where} for {number(units):,} {line.unit}s")
            if line.open:
                found.append(f"{line.api}: {line.open}")
        return tuple(found)

    @property
    def duration_s(self) -> float | None:
        """Seconds: pictures are compared, if so asked, then APIs run side by side, so as long as the slowest; None if a
        rate is unknown."""
        asking = self.asking_s
        return None if asking is None else asking + self.counts.near_s

    @property
    def asking_s(self) -> float | None:
        """Of the duration, the seconds from the first call or look on."""
        before = self.first.seconds if self.first else 0.0
        if self.emulated_s is not None:  # on the same cores
            return self.emulated_s + before
        times = [before, *(rate.seconds for rate in self.rates)]
        times += [self.video_jobs.seconds] if self.video_jobs else []
        return None if None in times else max((time for time in times if time is not None), default=0.0)

    @property
    def asks_of_videos(self) -> bool:
        """Whether there is an API for stored video: they have operations that start a job, and no others do."""
        return any(rate.operation.startswith("Start") for rate in self.rates)

    @property
    def asks_of_images(self) -> bool:
        return any(not rate.operation.startswith("Start") for rate in self.rates)

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """The total if AWS reads its unclear rules the cheaper and the dearer way."""
        return self.total, self.high_usd

    def document(self) -> PlanDocument:
        """The plan as job.json keeps it."""
        (low, high), have = self.bounds, self.counts
        return PlanDocument(
            region=self.region,
            items=PlannedItems(have.images, have.videos, dict(sorted(have.skipped.items())), have.bytes, have.frames),
            lines=tuple(line.document() for line in self.lines),
            total_usd=self.total,
            complete=self.complete,
            duration_s=self.duration_s,
            prices=PricesUsed(self.prices.source, self.prices.as_of),
            assumptions=self.assumptions,
            unknown=self.unknown,
            bounds=TotalBounds(low, high),
            months=tuple(month.document() for month in self.months),
            quotas=PlannedRates(
                self.quotas_source, self.quotas_as_of, {rate.operation: rate.document() for rate in self.rates}
            ),
            start=self.start,
            month_to_date={meter: Decimal(units) for meter, units in self.month_to_date.items()},
            free_tier=self.free_tier.name if self.free_tier else None,
        )

    def to_json(self) -> dict[str, Any]:
        """The document of `estimate --json`."""
        conditions = {"conditions": [one.to_json() for one in self.conditional]} if self.conditional else {}
        near = {"near": self.near.to_json()} if self.near else {}
        first = {"first": self.first.to_json()} if self.first else {}
        regions = {"by_regions": [one.to_json() for one in self.by_regions]} if self.by_regions else {}
        return documents.to_json(self.document()) | conditions | near | first | regions
