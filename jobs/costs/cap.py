"""The spend cap's arithmetic: what a job has spent is a step-wise sum over its meters' counters, in whole nanodollars.

Rule: spend depends only on how many units each meter counts, not on the order of calls: reserving a call adds one to
each of its meters, a call found unbilled takes them back, and `spent` stays exact. A price that is no whole number of
nanodollars is rounded up, so a cap is never overspent. AWS counts units by pool (a calendar month of an account and
Region), so the job's do, too: those of its first month come after the month to date it was planned with, those of any
other month, and of other places than its own, from the first tier on. (Nano, not pico: a Lua number is exact up to
2**53, which is $9,007,199 in nanodollars and only $9,007 in picodollars. Every price of the bundled table is whole in
nanodollars.)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations
from math import ceil, gcd
from typing import Any

from jobs.apis import Choice, Request, VideoChoice, requests
from jobs.costs.reckoning import HOUR_MS, MINUTE_MS
from jobs.costs.tallies import Tallies, Tally
from jobs.errors import RekscanError
from jobs.folder import JobSpec
from jobs.money.prices import PriceTable, Tier, Units
from jobs.places import Place
from jobs.pools import OWN, at, month_of, place_of

NANO = Decimal("0.000000001")
_ENDLESS = 10**12  # images; no archive has more
BEYOND_ANY_CAP = 10**15  # nanodollars of a unit that has no price: a million dollars


@dataclass(frozen=True, slots=True)
class Step:
    """From the job's unit number `start` (from 0) on, `per` units of the meter cost `nanousd`; those before cost
    `before` together."""

    start: int
    nanousd: int
    before: int
    per: int = 1  # of a picture; of films a unit is a millisecond, and 3 of them may cost 5,000


Steps = Mapping[str, tuple[Step, ...]]  # by meter


@dataclass(frozen=True, slots=True)
class CapSchedule:
    """What the ledger needs to hold a cap: the steps of each meter and the units each request adds to them."""

    meters: Steps  # of the first month
    requests: Mapping[str, Mapping[str, int]]  # request name -> meter -> units of one answered call, or of a ms of film
    later: Steps = field(default_factory=dict)  # of each other month
    first: str = ""  # the first month, as `2026-11`
    place: str = ""  # account and Region, where AWS pools tiers
    places: Mapping[str, "CapSchedule"] = field(default_factory=dict)  # others that the job asks at, by name

    def spent(self, counts: Mapping[str, int], pool: str | None = None) -> int:
        """Nanodollars of so many units on each meter in a pool (None: the first month's): as the ledger's script
        computes."""
        if pool is None:
            return spend(self.meters, counts)
        here = self.places.get(place_of(pool), self)
        return spend(here.meters if month_of(pool) == self.first else here.later, counts)

    @property
    def by_suffix(self) -> "dict[str, CapSchedule]":
        """Each place by how pools tell it: "" the job's own, `@eu-west-1`."""
        return {OWN: self} | {at(name): place for name, place in self.places.items()}

    def next(self, counts: Mapping[str, int], request: str) -> int:
        """Nanodollars one more call of a request adds."""
        more = {meter: counts.get(meter, 0) + units for meter, units in self.requests[request].items()}
        return self.spent({**counts, **more}) - self.spent(counts)

    def so_far(self, choices: Iterable[Choice | VideoChoice], tallies: Tallies) -> dict[str, int]:
        """What a job has spent, as the ledger keeps it: units per pool and meter (`m:2026-11:<meter>`), those that may
        have been billed among them, and their `cost` in nanodollars."""
        fields: dict[str, int] = {}
        chosen, cost = list(choices), 0
        for pool, rows in tallies.by_pool().items():
            counts: dict[str, int] = {}
            models: dict[str, int] = {}  # no part of `cost`: the ledger adds what they cost until they are stopped
            for choice in chosen:
                row = rows.get(choice.api.name, Tally())
                if choice.api.runs and choice.api.runs.meter in self.meters:
                    models[choice.api.runs.meter] = row.ms
                films = isinstance(choice, VideoChoice)
                for meter in choice.meters:
                    units = row.ms + row.maybe_ms if films else row.units + row.maybe_billed
                    counts[meter] = counts.get(meter, 0) + units
            counts = {meter: units for meter, units in counts.items() if units}
            fields |= {f"m:{pool}:{meter}": units for meter, units in (counts | models).items() if units}
            cost += self.spent(counts, pool)
        return {**fields, "cost": cost}

    def reach(self, cap: int) -> int | None:
        """How many images `cap` nanodollars can pay for at the very most: by the cheapest request alone. None: any
        number, as some request costs nothing. Listing more than that cannot be paid for."""
        most = 0
        for units in self.requests.values():
            if not units:
                return None
            low, high = 0, 1
            while self.spent({meter: n * high for meter, n in units.items()}) <= cap:
                low, high = high, high * 2
                if high > _ENDLESS:
                    return None
            while high - low > 1:
                middle = (low + high) // 2
                paid = self.spent({meter: n * middle for meter, n in units.items()}) <= cap
                low, high = (middle, high) if paid else (low, middle)
            most = max(most, low)
        return most

    def to_json(self) -> dict[str, Any]:
        """For Redis: `{"first": month, "meters": {meter: [[start, nanousd, before, per], ...]}, "later": the
        same, "requests": {name: {meter: units}}, "place": ..., "places": {"@eu-west-1": {meters, later, requests,
        place}}}`.

        Spend of n units is that of the last step with `start <= n`: `before + (n - start) * nanousd / per`, rounded up.
        """
        return {
            "first": self.first,
            **self._of_place(),
            "places": {suffix: one._of_place() for suffix, one in self.by_suffix.items() if suffix},
        }

    def _of_place(self) -> dict[str, Any]:
        return {
            "meters": steps_json(self.meters),
            "later": steps_json(self.later),
            "requests": {name: dict(units) for name, units in self.requests.items()},
            "place": self.place,
        }


def spend(steps: Steps, counts: Mapping[str, int]) -> int:
    """Nanodollars of so many units of each meter."""
    return sum(_at(steps[meter], units) for meter, units in counts.items())


def steps_json(meters: Steps) -> dict[str, Any]:
    """For Redis: as `CapSchedule.to_json` tells."""
    return {meter: [[s.start, s.nanousd, s.before, s.per] for s in steps] for meter, steps in meters.items()}


def cap_schedule(
    choices: Sequence[Choice],
    region: str,
    prices: PriceTable,
    used: Mapping[str, Units] | None = None,
    planned: Mapping[str, Units] | None = None,
    first: str = "",
    videos: Sequence[VideoChoice] = (),
) -> CapSchedule:
    """The schedule of these APIs after `used` units per meter in the month `first`, for a job of `planned` units per
    meter.

    Raises RekscanError where a price is unknown: a cap over an unknown price would hold nothing. A table that ends past
    `planned` is enough; units past its end then cost more than any cap, so that they are never sent.
    """
    wanted: dict[str, dict[str, int]] = {}
    for request in _parts(requests(choices)):
        units = wanted.setdefault(request.name, {})
        for choice in request.choices:
            for meter in choice.api.meters_for(choice.params):
                units[meter] = units.get(meter, 0) + 1
    timed = {meter for choice in videos for meter in choice.meters}
    wanted |= {choice.api.name: dict.fromkeys(choice.meters, 1) for choice in videos}
    steps, later = {}, {}
    for meter in {choice.api.runs.meter for choice in choices if choice.api.runs}:
        if tiers := [_finer(tier, HOUR_MS) for tier in prices.tiers(meter, region)]:
            steps[meter] = later[meter] = _steps(tiers, 0, None, f"{meter} in {region}", HOUR_MS)
    for meter in dict.fromkeys(meter for units in wanted.values() for meter in units):
        per = MINUTE_MS if meter in timed else 1
        before = ceil((used or {}).get(meter, 0) * per)
        need = None if planned is None else ceil(planned.get(meter, 0) * per)
        tiers = [_finer(tier, per) for tier in prices.tiers(meter, region)]
        steps[meter] = _steps(tiers, before, need, f"{meter} in {region}", per)
        later[meter] = _steps(tiers, 0, need, f"{meter} in {region}", per) if before else steps[meter]
    return CapSchedule(steps, wanted, later, first)


def job_schedule(spec: JobSpec) -> CapSchedule:
    """The schedule of a job by its job.json: the prices, the month to date and the units it was planned with.

    A free tier is not counted in: the cap then stops a little early, never late. Raises RekscanError as `cap_schedule`.
    """
    planned: dict[str, Decimal] = {}
    for line in spec.plan.lines:
        planned[line.meter] = planned.get(line.meter, Decimal(0)) + line.units
    prices = PriceTable.from_json(spec.prices)
    used, videos = spec.plan.month_to_date, spec.video_apis
    found = cap_schedule(spec.apis, spec.region, prices, used, planned, spec.first_month, videos)
    elsewhere = {place.name: _elsewhere(spec, place, prices, planned) for place in spec.places}
    return replace(found, place=f"{spec.account}:{spec.region}", places=elsewhere)


def _elsewhere(spec: JobSpec, place: Place, prices: PriceTable, planned: Mapping[str, Units]) -> CapSchedule:
    """At another place; it may have to take all that is planned, where the others are not well."""
    asked = [choice for choice in spec.apis if choice.api.operation in place.quotas]
    found = cap_schedule(asked, place.region, prices, planned=planned, first=spec.first_month)
    return replace(found, place=f"{place.account}:{place.region}")


def _parts(asked: Iterable[Request]) -> Iterator[Request]:
    """The requests, and each for some of its APIs alone: the answers of the others may be known."""
    for request in asked:
        for count in range(1, len(request.choices) + 1):
            yield from (Request(some) for some in combinations(request.choices, count))


def models_nanousd(spec: JobSpec, tallies: Tallies) -> int:
    """What the models that a job started have cost."""
    hours = [(hour_nanousd(spec, choice), tallies.by_api().get(choice.api.name, Tally()).ms) for choice in spec.apis]
    return sum(round(each * ms / HOUR_MS) for each, ms in hours if each)


def hour_nanousd(spec: JobSpec, choice: Choice) -> int | None:
    """What an hour of one unit of its model costs; None where no price is known, or nothing runs for it."""
    if choice.api.runs is None:
        return None
    usd = PriceTable.from_json(spec.prices).price(choice.api.runs.meter, spec.region, 1).usd
    return None if usd is None else int((usd / NANO).to_integral_value(ROUND_CEILING))


def nanousd(amount: Decimal) -> int:
    """A cap in nanodollars, rounded down."""
    return int((amount / NANO).to_integral_value(ROUND_FLOOR))


def _finer(tier: Tier, per: int) -> Tier:
    """A tier in units of which `per` are one of AWS's. Its price stays that of AWS's unit."""
    return replace(tier, start=tier.start * per, end=None if tier.end is None else tier.end * per)


def _steps(tiers: Iterable[Tier], used: int, need: int | None, what: str, per: int) -> tuple[Step, ...]:
    found: list[Step] = []
    reached = used
    for tier in tiers:
        if tier.start > reached:
            break  # a gap: no price from here on
        if tier.end is not None and tier.end <= reached:
            continue
        price = int((tier.usd / NANO).to_integral_value(ROUND_CEILING))
        common = gcd(price, per)  # a Lua number is exact as long as units times price is
        found.append(_step(found, reached - used, price // common, per // common))
        if tier.end is None:
            return tuple(found)
        reached = tier.end
    if found and need is not None and used + need <= reached:
        return (*found, _step(found, reached - used, BEYOND_ANY_CAP, 1))
    known = f"known only up to {reached // per:,} units a month" if found else "not known"
    raise RekscanError(
        f"the price of {what} is {known}, so a cap cannot be held",
        "Leave the cap out (a home's: `rekscan cap --month none`), or read the prices: `rekscan prices --refresh`.",
    )


def _step(found: list[Step], start: int, price: int, per: int) -> Step:
    last = found[-1] if found else Step(0, 0, 0)
    return Step(start, price, _cost(last, start), per)


def _at(steps: Iterable[Step], units: int) -> int:
    return _cost([step for step in steps if step.start <= units][-1], units)


def _cost(step: Step, units: int) -> int:
    return step.before - ((step.start - units) * step.nanousd) // step.per
