"""What conditions make of a plan: the price of all images, and of those a condition holds for. Pure.

Rule: the plan itself stays the most it can cost. What only a sample says stays an interval, and what nobody knows is
said not to be known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from jobs.conditions.trying import Tried
from jobs.intervals import Interval, mean, share
from jobs.money.free_tier import Month
from jobs.money.prices import known_total
from jobs.plan.conditional import Conditional
from jobs.plan.shares import between, percent
from jobs.plan.values import Plan
from jobs.words import count, dollars, many

ENDS = ("low", "value", "high")


def with_shares(plan: Plan, tried: Iterable[Tried], job: str, *, groups: int = 0) -> Plan:
    """The plan with what a sample of `job` says of its conditions, and of the answers to what is always asked.
    `groups`: those that the sample's were drawn of; 0: images were drawn one by one, or all were looked at."""
    priced = {line.api for line in plan.lines}
    of = {one.api: one for one in tried if one.when or (one.of and one.api in priced)}
    inherit = {name: one.inherits for name, one in of.items()} | {one.api: one.inherits for one in plan.conditional}
    shares = {name: _share(one, plan.asked_of(inherits=inherit[name]), groups) for name, one in of.items()}
    prices = [usd_of(plan, {name: getattr(one, end) for name, one in shares.items()}) for end in ENDS]
    known = tuple(
        replace(
            one,
            share=shares[one.api],
            usd=tuple(by[one.api] for by in prices),
            tried=of[one.api],
            job=job,
            finds=_finds(of[one.api], plan.counts.images),
            missed=_missed(of[one.api], plan.counts.images),
        )
        for one in plan.conditional
    )
    answered = {name: shares[name] for name, one in of.items() if not one.when}
    return replace(plan, conditional=known, answered=answered)


def paid_shares(plan: Plan) -> dict[str, Interval]:
    """By API the share of its calls that is paid for, as far as the plan's sample says it."""
    return {**plan.answered, **{one.api: one.share for one in plan.conditional if one.share}}


def expected_usd(plan: Plan, shares: Mapping[str, Interval]) -> tuple[Decimal | None, ...]:
    """Low, expected and high dollars of all, where of each API such a share of the calls is paid for."""
    return tuple(
        known_total(usd_of(plan, {name: getattr(one, end) for name, one in shares.items()}).values()) for end in ENDS
    )


def usd_of(plan: Plan, shares: Mapping[str, float]) -> dict[str, Decimal | None]:
    """Dollars by API, with the units of images of some APIs times a share, through the same tiers, all in one month."""
    months: dict[str, Month] = {}  # by place
    found: dict[str, list[Decimal | None]] = {}
    for line in plan.lines:
        units = line.units
        if line.unit == "image" and line.api in shares:
            units = Decimal(round(float(line.units) * shares[line.api]))
        month = months.setdefault(line.place, plan.month(line.place))
        found.setdefault(line.api, []).append(None if line.open else month.price(line.meter, units).usd)
    return {name: known_total(amounts) for name, amounts in found.items()}


def notes(plan: Plan) -> Iterator[str]:
    """Both prices of each conditional API, and of all."""
    for one in plan.conditional:
        yield from _note(one, plan.counts.images, plan.asked_of(inherits=one.inherits))
    if plan.conditional and all(one.share for one in plan.conditional):
        usd = expected_usd(plan, paid_shares(plan))
        yield f"With its conditions: {_range(usd)} in all, instead of {dollars(plan.total)}."


def _note(one: Conditional, images: int, asked: int) -> Iterator[str]:
    """`asked`: of all images, those that do not take the answers of others."""
    yield f"{one.api} on all: {dollars(one.all_usd)}; only where {one.when}:"
    if one.share is None or one.tried is None:
        yield "  not known yet, so all are counted: `estimate --pilot N` asks some and says (paid, capped)"
        return
    share_ = one.share
    where = f"{percent(share_.value)} of images{' that follow none (--near)' if asked < images else ''}"
    if one.tried.of < asked or share_.low != share_.high:
        where += f" ({percent(share_.low)} to {percent(share_.high)} by 95 %, from {count(one.tried.of)} sampled)"
    yield f"  {_range(one.usd)}, {where}; answers of job {one.job}"
    yield from _misses(one, one.tried)


def _misses(one: Conditional, tried: Tried) -> Iterator[str]:
    """Where the API was asked about all of the sample."""
    if one.missed:
        rows = f"{count(tried.missed) if tried.missed else 'none'} of {many(tried.found, 'row')}"
        cost = f"{percent(tried.missed / tried.found)} of what" if tried.missed else "nothing that"
        yield f"  it costs {cost} {one.api} finds there ({rows}), in {between(one.missed, 'images with any')}"
    elif one.finds:
        yield f"  {one.api} finds nothing on any of {many(tried.seen, 'image')} looked at{_so(one.finds)}"


def _share(one: Tried, images: int, groups: int) -> Interval:
    """Of images drawn in groups the spread between them counts: those of one folder are alike."""
    if not one.of:
        return Interval(0.0, 0.0, 1.0)
    looked, others = len(one.held_by_group), one.of - one.held - one.open
    if groups > looked:
        size = one.of / looked
        each, whole = mean(one.held_by_group, groups, most=size), max(images, one.of)
        low, high = max(each.low / size, one.held / whole), min(each.high / size, 1 - others / whole)
    else:
        said = share(one.held, one.of, images)
        low, high = said.low, said.high
    return Interval(low, one.held / one.of, min(1.0, high + one.open / one.of))


def _finds(one: Tried, images: int) -> Interval | None:
    return share(one.found_in, one.seen, images) if one.seen and not one.unasked else None


def _missed(one: Tried, images: int) -> Interval | None:
    """The images with any may be all that were not looked at, besides those found."""
    if not one.found_in or one.unasked:
        return None
    return share(one.missed_in, one.found_in, one.found_in + max(0, images - one.seen))


def _so(finds: Interval) -> str:
    """What follows from nothing found."""
    if not finds.high:
        return ", so there is nothing to miss"
    return f", so on {between(finds, 'all')}: what the condition misses is not known"


def _range(usd: Sequence[Decimal | None]) -> str:
    low, _, high = map(dollars, usd)
    return low if low == high else f"{low} to {high}"
