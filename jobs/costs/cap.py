"""The spend cap's arithmetic: what a job has spent is a step-wise sum over its meters' counters, in whole nanodollars.

Rule: spend depends only on how many units each meter counts, not on the order of calls: reserving a call adds one to
each of its meters, a call found unbilled takes them back, and `spent` stays exact. A price that is no whole number of
nanodollars is rounded up, so a cap is never overspent. (Nano, not pico: a Lua number is exact up to 2**53, which is
$9,007,199 in nanodollars and only $9,007 in picodollars. Every price of the bundled table is whole in nanodollars.)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations
from math import ceil
from typing import Any

from jobs.apis import Choice, Request, requests
from jobs.errors import RekscanError
from jobs.folder import JobSpec
from jobs.money.prices import PriceTable, Tier, Units

NANO = Decimal("0.000000001")
_ENDLESS = 10**12  # images; no archive has more
BEYOND_ANY_CAP = 10**15  # nanodollars of a unit that has no price: a million dollars


@dataclass(frozen=True, slots=True)
class Step:
    """From the job's unit number `start` (from 0) on, a unit of the meter costs `nanousd`; those before cost `before`
    together."""

    start: int
    nanousd: int
    before: int


@dataclass(frozen=True, slots=True)
class CapSchedule:
    """What the gate needs to hold a cap: the steps of each meter and the units each request adds to them."""

    meters: Mapping[str, tuple[Step, ...]]
    requests: Mapping[str, Mapping[str, int]]  # request name -> meter -> units of one answered call

    def spent(self, counts: Mapping[str, int]) -> int:
        """Nanodollars of so many units on each meter: what the Lua gate computes."""
        return sum(_at(self.meters[meter], units) for meter, units in counts.items())

    def next(self, counts: Mapping[str, int], request: str) -> int:
        """Nanodollars one more call of a request adds."""
        more = {meter: counts.get(meter, 0) + units for meter, units in self.requests[request].items()}
        return self.spent({**counts, **more}) - self.spent(counts)

    def so_far(self, choices: Iterable[Choice], counters: Mapping[str, int]) -> dict[str, int]:
        """What a job has spent by its counters (`units:labels`, `maybe_billed:labels`), as the ledger keeps it: units
        per meter (`m:<meter>`), those that may have been billed among them, and their `cost` in nanodollars."""
        counts = dict.fromkeys(self.meters, 0)
        for choice in choices:
            name = choice.api.name
            units = counters.get(f"units:{name}", 0) + counters.get(f"maybe_billed:{name}", 0)
            for meter in choice.api.meters_for(choice.params):
                counts[meter] += units
        return {f"m:{meter}": units for meter, units in counts.items()} | {"cost": self.spent(counts)}

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
        """For Redis: `{"meters": {meter: [[start, nanousd, before], ...]}, "requests": {name: {meter: units}}}`.

        Spend of n units is that of the last step with `start <= n`: `before + (n - start) * nanousd`.
        """
        return {
            "meters": {m: [[s.start, s.nanousd, s.before] for s in steps] for m, steps in self.meters.items()},
            "requests": {name: dict(units) for name, units in self.requests.items()},
        }


def cap_schedule(
    choices: Sequence[Choice],
    region: str,
    prices: PriceTable,
    used: Mapping[str, Units] | None = None,
    planned: Mapping[str, Units] | None = None,
) -> CapSchedule:
    """The schedule of these APIs after `used` units per meter this month, for a job of `planned` units per meter.

    Raises RekscanError where a price is unknown: a cap over an unknown price would hold nothing. A table that ends past
    `planned` is enough; units past its end then cost more than any cap, so that they are never sent.
    """
    wanted: dict[str, dict[str, int]] = {}
    for request in _parts(requests(choices)):
        units = wanted.setdefault(request.name, {})
        for choice in request.choices:
            for meter in choice.api.meters_for(choice.params):
                units[meter] = units.get(meter, 0) + 1
    steps = {}
    for meter in dict.fromkeys(meter for units in wanted.values() for meter in units):
        before = ceil((used or {}).get(meter, 0))
        need = None if planned is None else ceil(planned.get(meter, 0))
        steps[meter] = _steps(prices.tiers(meter, region), before, need, f"{meter} in {region}")
    return CapSchedule(steps, wanted)


def job_schedule(spec: JobSpec) -> CapSchedule:
    """The schedule of a job by its job.json: the prices, the month to date and the units it was planned with.

    A free tier is not counted in: the cap then stops a little early, never late. Raises RekscanError as `cap_schedule`.
    """
    planned: dict[str, Decimal] = {}
    for line in spec.plan.lines:
        planned[line.meter] = planned.get(line.meter, Decimal(0)) + line.units
    return cap_schedule(spec.apis, spec.region, PriceTable.from_json(spec.prices), spec.plan.month_to_date, planned)


def _parts(asked: Iterable[Request]) -> Iterator[Request]:
    """The requests, and each for some of its APIs alone: the answers of the others may be known."""
    for request in asked:
        for count in range(1, len(request.choices) + 1):
            yield from (Request(some) for some in combinations(request.choices, count))


def nanousd(amount: Decimal) -> int:
    """A cap in nanodollars, rounded down."""
    return int((amount / NANO).to_integral_value(ROUND_FLOOR))


def _steps(tiers: Iterable[Tier], used: int, need: int | None, what: str) -> tuple[Step, ...]:
    found: list[Step] = []
    reached = used
    for tier in tiers:
        if tier.start > reached:
            break  # a gap: no price from here on
        if tier.end is not None and tier.end <= reached:
            continue
        found.append(_step(found, reached - used, int((tier.usd / NANO).to_integral_value(ROUND_CEILING))))
        if tier.end is None:
            return tuple(found)
        reached = tier.end
    if found and need is not None and used + need <= reached:
        return (*found, _step(found, reached - used, BEYOND_ANY_CAP))
    known = f"known only up to {reached:,} units a month" if found else "not known"
    raise RekscanError(
        f"the price of {what} is {known}, so a cap cannot be held",
        "Leave --max-cost out, or read the prices with `rekscan prices --refresh`.",
    )


def _step(found: list[Step], start: int, price: int) -> Step:
    last = found[-1] if found else Step(0, 0, 0)
    return Step(start, price, last.before + (start - last.start) * last.nanousd)


def _at(steps: Iterable[Step], units: int) -> int:
    step = [step for step in steps if step.start <= units][-1]
    return step.before + (units - step.start) * step.nanousd
