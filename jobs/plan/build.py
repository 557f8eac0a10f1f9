"""The plan: what a scan will do, what it costs and how long it takes. A value, built without a paid call.

Rule: `estimate`, `scan --dry-run` and `scan` build the same Plan; only what consumes it differs. Pure: tables, counts
and dates are passed in. Every number on it comes from a price row, a quota row or a count.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from jobs.apis import Choice, VideoChoice
from jobs.counts import Counts, FilmCalls
from jobs.errors import UsageError
from jobs.film_speed import Speed
from jobs.money.free_tier import FreeTier, Month
from jobs.money.months import by_days, by_rate, by_time, month_of
from jobs.money.prices import PriceTable, TierLine, Units, known_total
from jobs.money.quotas import QuotaTable
from jobs.places import Place
from jobs.plan import demand as plan_demand
from jobs.plan import spread
from jobs.plan.assumptions import assumptions
from jobs.plan.both_ways import Market, both_ways
from jobs.plan.by_regions import WithRegions
from jobs.plan.conditional import Conditional
from jobs.plan.demand import Demand
from jobs.plan.s3_requests import transfer
from jobs.plan.stream import MonthlyStream
from jobs.plan.values import Plan, PlanLine, PlanMonth, Rate
from jobs.plan.videos import video_jobs as jobs_of
from jobs.pools import OWN

Spread = dict[str, dict[int, Decimal]]  # month -> number of the demand -> its units in that month
Lines = dict[int, PlanLine]  # number of the demand -> its line


def plan(
    choices: Sequence[Choice],
    counts: Counts,
    *,
    region: str,
    prices: PriceTable,
    quotas: QuotaTable,
    tps: Mapping[str, float] | None = None,
    month_to_date: Mapping[str, Units] | None = None,
    start: date | None = None,
    free_tier: FreeTier | None = None,
    known: Mapping[str, int] | int = 0,
    videos: Sequence[VideoChoice] = (),
    video_jobs: int | None = None,
    extra: Iterable[Demand] = (),
    stream: MonthlyStream | None = None,
    copies: int = 0,
    unread: int = 0,
    near: Mapping[str, int] | None = None,
    known_films: Mapping[str, FilmCalls] | None = None,
    film_speeds: Mapping[str, Speed] | None = None,
    places: Sequence[Place] = (),
) -> Plan:
    """Price and time these APIs on these items.

    `tps`: rates that replace the table's, by API name or operation. `month_to_date`: units per meter billed before,
    in the first month. `start`: lay the job over calendar months from that day; without it all is priced as one month.
    `known`: calls whose answer is there already, for each API or by API name. `videos`: APIs for the videos.
    `video_jobs`: of their jobs so many are open at once (None: the quota).
    `extra`: demands besides (storage, hours of a model). `stream`: new images each month, which takes a start.
    `copies`: of the images, those whose content another has, in `known` too. `unread`: those of which that is told only
    when they are read. `near`: calls by API that take another's answer, beside the known. `known_films`: as `known`, of
    the videos; `film_speeds`: of APIs for them, as jobs have shown it. `places`: further ones, which take calls in
    proportion to their quotas, as far as they have what is asked. Raises RekscanError if an API does not exist in the
    Region.
    """
    films = known_films or {}
    have = dict.fromkeys((c.api.name for c in choices), known) if isinstance(known, int) else dict(known)
    earlier = sum(max(0, calls - copies) for calls in have.values()) + sum(one.calls for one in films.values())
    have = {api: have.get(api, 0) + (near or {}).get(api, 0) for api in {**have, **(near or {})}}
    more = list(extra)
    stated = {demand.meter for demand in more}
    at_once = min(video_jobs or quotas.concurrent_videos, quotas.concurrent_videos)
    speeds = film_speeds or {}
    jobs = jobs_of(counts, [choice.api.name for choice in videos], at_once, films, speeds)
    asked = plan_demand.of_choices(choices, counts, prices, have, stream)
    asked += plan_demand.of_videos(videos, counts, films, jobs.seconds if jobs else None)
    demands = [demand for demand in asked if not ((demand.open or demand.running) and demand.meter in stated)] + more
    others = spread.others(places, choices, region, quotas, tps or {})
    for operation in dict.fromkeys(demand.operation for demand in demands if demand.operation):
        quotas.check(operation, region)
    calls = plan_demand.calls(choices, counts, have) | plan_demand.video_calls(videos, counts, films)
    rates = _rates(demands, calls, region, quotas, tps or {}, plan_demand.paces(choices))
    demands = [_timed(demand, rates.get(demand.operation)) for demand in demands]
    parts = spread.parts(others.places, region, {name: rate.tps for name, rate in rates.items()})
    demands, rates = spread.split(demands, parts), {name: _of_all(rate, parts) for name, rate in rates.items()}
    used = dict(month_to_date or {})
    first = {place.name: Month(prices, place.region, {}) for place in others.places}
    first[OWN] = Month(prices, region, used, free_tier)
    months = _priced(demands, _spread(demands, rates, start, stream), first, prices)
    first = {name: month.next() for name, month in first.items()}
    first[OWN] = Month(prices, region, used, free_tier)
    high = _priced(_dear(demands), _spread(_dear(demands), rates, start, stream), first, prices)
    lines = tuple(_merge(demands, months, prices))
    built = Plan(
        region=region,
        counts=counts,
        lines=lines,
        months=tuple(PlanMonth(month, tuple(rows.values())) for month, rows in months.items()) if start else (),
        rates=tuple(rates.values()),
        high_usd=known_total(line.usd for line in _merge(demands, high, prices)),
        prices=prices.only(region, (demand.meter for demand in demands), *(place.region for place in others.places)),
        quotas_source=quotas.source,
        quotas_as_of=quotas.as_of,
        start=start,
        month_to_date=used,
        free_tier=free_tier,
        known=sum(have.values()) + sum(one.calls for one in films.values()),
        copies=copies,
        unread=unread,
        earlier=earlier,
        stream=stream,
        video_jobs=jobs,
        conditional=tuple(_conditional(choice, lines) for choice in choices if choice.when),
        both=both_ways(
            choices,
            counts,
            Market(region, prices, used, {name: rate.tps for name, rate in rates.items()}, at_once, speeds),
        ),
        places=others.places,
        left_out=(*_unlisted(region, quotas), *others.left_out),
    )
    return built.assuming(assumptions(built, quotas, (*choices, *videos)))


def side_by_side(places: Sequence[Place], prices: PriceTable, build: Callable[[Sequence[Place]], Plan]) -> Plan:
    """The plan with all these places, which says what the first Region alone, the first two, ... would cost. `prices`:
    those of S3 among them."""
    built = build(places)
    if not built.places:
        return built
    asked = [place for place in places if place.name in built.regions]
    several = [build(asked[:n]) for n in range(len(asked))]
    return replace(built, by_regions=tuple(_with_regions(one, prices) for one in (*several, built)))


def _with_regions(built: Plan, prices: PriceTable) -> WithRegions:
    slowest = max(built.rates, key=lambda rate: rate.seconds or 0)
    moved = transfer(built, prices)
    usd = built.total if built.complete else None
    return WithRegions(built.regions, slowest.tps, built.duration_s, usd, moved.usd if moved else Decimal(0))


def _conditional(choice: Choice, lines: Sequence[PlanLine]) -> Conditional:
    """What it saves is not known yet."""
    usd = known_total(line.usd for line in lines if line.api == choice.api.name)
    return Conditional(choice.api.name, choice.when, usd, inherits=choice.inherits)


def _rates(
    demands: Sequence[Demand],
    calls: Mapping[str, int],
    region: str,
    quotas: QuotaTable,
    tps: Mapping[str, float],
    paces: Mapping[str, float],
) -> dict[str, Rate]:
    """The rate each operation runs at: what the caller says for its API or operation, else what its model can do (by
    `paces`), at most the quota."""
    names = {demand.api: demand.operation for demand in demands}
    asked = {names.get(name, name): rate for name, rate in tps.items()}
    if wrong := [name for name, rate in tps.items() if not rate > 0]:
        raise UsageError(f"--tps {wrong[0]}: a rate is over 0", "Write --tps labels=20.")
    found = {}
    for operation, count in calls.items():
        quota, pace = quotas.tps(operation, region), paces.get(operation)
        rate = asked.get(operation, quota if pace is None else min(pace, quota or pace))
        source, date = ("--tps", "") if operation in asked else quotas.provenance(operation, region)
        source, date = ("units", "") if operation not in asked and rate == pace else (source, date)
        found[operation] = Rate(operation, count, rate, source if rate else "unknown", date if rate else "")
    return found


def _of_all(rate: Rate, parts: spread.Parts) -> Rate:
    """The rate of all places together."""
    if rate.operation not in parts:
        return rate
    at = {part.place: part.tps for part in parts[rate.operation]}
    return replace(rate, tps=sum(tps for tps in at.values() if tps) or None, at=at)


def _timed(demand: Demand, rate: Rate | None) -> Demand:
    """A model's hours are known by the rate of its calls."""
    return demand.at(rate.tps) if rate is not None and rate.tps else demand


def _unlisted(region: str, quotas: QuotaTable) -> tuple[str, ...]:
    """Why a plan in that Region knows neither prices nor quotas."""
    why = quotas.unlisted(region)
    return (f"{why}: its prices and quotas are not known.",) if why else ()


def _spread(
    demands: Sequence[Demand], rates: Mapping[str, Rate], start: date | None, stream: MonthlyStream | None
) -> Spread:
    """The units of each demand by month, months in order."""
    found: dict[str, dict[int, Decimal]] = {}
    images: dict[str, dict[str, Decimal]] = {}  # by API and month
    for number, demand in enumerate(demands):
        months = dict(_months(demand, rates.get(demand.operation), start))
        if stream and start and demand.per_call:
            months = images[demand.api] = stream.added(months, start)
        elif stream and demand.grows:
            months = dict(stream.kept(images[demand.grows].items()))
        for month, units in months.items():
            found.setdefault(month, {})[number] = demand.of_meter(units)
    return dict(sorted(found.items()))


def _months(demand: Demand, rate: Rate | None, start: date | None) -> list[tuple[str, Decimal]]:
    if demand.days is not None:
        return by_days(demand.units, demand.days, start)
    if start is None:
        return [("", demand.units)]
    if demand.seconds is not None:
        return by_time(demand.units, demand.seconds, start)
    tps = rate.at.get(demand.place, rate.tps) if rate is not None else None
    if tps is None or not demand.per_call:  # no rate to spread by
        return [(month_of(start), demand.units)]
    return [(month, Decimal(calls)) for month, calls in by_rate(demand.calls, tps, start)]


def _priced(
    demands: Sequence[Demand], by_month: Spread, first: Mapping[str, Month], prices: PriceTable
) -> dict[str, Lines]:
    """The lines of each month: the first goes on from the month to date, the others start at zero. `first`: of each
    place."""
    found: dict[str, Lines] = {}
    totals = first
    for name, units in by_month.items():
        found[name] = {
            n: _line(demands[n], prices, u, totals[demands[n].place].price(demands[n].meter, u).tiers)
            for n, u in units.items()
        }
        totals = {place: month.next() for place, month in first.items()}
    return found


def _merge(demands: Sequence[Demand], months: Mapping[str, Lines], prices: PriceTable) -> list[PlanLine]:
    """One line per demand over all months, with units of one price put together."""
    found = []
    for number, demand in enumerate(demands):
        rows = [lines[number] for lines in months.values() if number in lines]
        tiers: dict[tuple[Decimal | None, str, str], TierLine] = {}
        for tier in (tier for row in rows for tier in row.tiers):
            key = (tier.usd_each, tier.confidence, tier.as_of)
            tiers[key] = tiers[key].plus(tier) if key in tiers else tier
        found.append(_line(demand, prices, sum((row.units for row in rows), Decimal(0)), tuple(tiers.values())))
    return found


def _line(demand: Demand, prices: PriceTable, units: Decimal, tiers: tuple[TierLine, ...]) -> PlanLine:
    unit = prices.unit(demand.meter)
    return PlanLine(demand.api, demand.operation, demand.meter, unit, units, tiers, demand.open, demand.place)


def _dear(demands: Sequence[Demand]) -> list[Demand]:
    return [demand.dear() for demand in demands]


__all__ = ["Counts", "Demand", "Plan", "PlanLine", "PlanMonth", "Rate", "plan", "side_by_side"]
