"""What conditions make of a plan: the price of all images, and of those a condition holds for. Pure.

Rule: the plan itself stays the most it can cost. What only a sample says stays an interval, and what nobody knows is
said not to be known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from math import isfinite

from jobs.conditions.trying import Tried
from jobs.intervals import Interval, mean, share
from jobs.money.free_tier import Month
from jobs.money.prices import known_total
from jobs.plan.conditional import Conditional
from jobs.plan.values import Plan
from jobs.words import count, dollars, many

ENDS = ("low", "value", "high")


def with_shares(plan: Plan, tried: Iterable[Tried], job: str, *, groups: int = 0) -> Plan:
    """The plan with what a sample of `job` says of its conditions. `groups`: those that the sample's were drawn of;
    0: images were drawn one by one, or all were looked at."""
    of = {one.api: one for one in tried}
    whole = {one.api: plan.asked_of(inherits=one.inherits) for one in plan.conditional}
    shares = {name: _share(one, whole[name], groups) for name, one in of.items()}
    prices = [usd_of(plan, {name: getattr(one, end) for name, one in shares.items()}) for end in ENDS]
    known = tuple(
        replace(one, share=shares[one.api], usd=tuple(by[one.api] for by in prices), tried=of[one.api], job=job)
        for one in plan.conditional
    )
    return replace(plan, conditional=known)


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
        ends = [
            known_total(usd_of(plan, {c.api: getattr(c.share, end) for c in plan.conditional}).values()) for end in ENDS
        ]
        yield f"With its conditions: {_range(ends)} in all, instead of {dollars(plan.total)}."


def _note(one: Conditional, images: int, asked: int) -> Iterator[str]:
    """`asked`: of all images, those that do not take the answers of others."""
    yield f"{one.api} on all: {dollars(one.all_usd)}; only where {one.when}:"
    if one.share is None or one.tried is None:
        yield "  not known yet, so all are counted: `estimate --pilot N` asks some and says (paid, capped)"
        return
    share_ = one.share
    where = f"{_percent(share_.value)} of images{' that follow none (--near)' if asked < images else ''}"
    if one.tried.of < asked or share_.low != share_.high:
        where += f" ({_percent(share_.low)} to {_percent(share_.high)} by 95 %, from {count(one.tried.of)} sampled)"
    yield f"  {_range(one.usd)}, {where}; answers of job {one.job}"
    if one.missed:
        found, missed = one.tried.found, one.tried.missed
        yield (
            f"  it costs {_percent(missed / found)} of what {one.api} finds there ({count(missed)} of"
            f" {many(found, 'row')}), in {_percent(one.missed.low)} to {_percent(one.missed.high)} of images with any"
        )


def _share(one: Tried, images: int, groups: int) -> Interval:
    """Of images drawn in groups the spread between them counts: those of one folder are alike."""
    if not one.of:
        return Interval(0.0, 0.0, 1.0)
    looked = len(one.held_by_group)
    if groups > looked:
        each = mean(one.held_by_group, groups)
        size = one.of / looked
        low, high = each.low / size, each.high / size if isfinite(each.high) else 1.0
    else:
        said = share(one.held, one.of, max(images, one.of))
        low, high = said.low, said.high
    return Interval(low, one.held / one.of, min(1.0, high + one.open / one.of))


def _range(usd: Sequence[Decimal | None]) -> str:
    low, _, high = map(dollars, usd)
    return low if low == high else f"{low} to {high}"


def _percent(part: float) -> str:
    return f"{count(100 * part, 1 if part < 0.1 else 0)} %"
