"""Calls over several places: what each may be asked, at which rate, and its part of the calls. Pure.

Rule: a place takes calls in proportion to its quota, as the workers' choice comes to (workers/calls/roads.py). What is
bound to one place is asked at the job's own, and where an API does not exist the place is left out for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from jobs.apis import Choice
from jobs.errors import UsageError
from jobs.money.quotas import QuotaTable
from jobs.places import BEGIN_TPS, Place
from jobs.plan.demand import Demand
from jobs.pools import OWN

OWN_QUOTAS = ("--tps", "service-quotas")  # sources of rates that are never exceeded


@dataclass(frozen=True, slots=True)
class Part:
    """A place's part of an operation's calls: its rate beside the sum of all."""

    place: str
    region: str
    tps: float


Parts = Mapping[str, tuple[Part, ...]]  # by operation, the job's own place first; only of those asked at several


@dataclass(frozen=True, slots=True)
class Others:
    """The places besides the job's own: those that are asked, with the rates there, and why others are not."""

    places: tuple[Place, ...] = ()
    left_out: tuple[str, ...] = ()  # sentences


def others(
    places: Sequence[Place], choices: Sequence[Choice], region: str, quotas: QuotaTable, tps: Mapping[str, float]
) -> Others:
    """What may be asked at the places besides the job's own, which is in `region`. `tps`: by API or operation, in each
    Region. Raises UsageError where all is bound to the job's own place, or that lacks an API."""
    if not places:
        return Others()
    _refuse_first(region, places, choices, quotas)
    fast = {choice.api.operation: tps.get(choice.api.name, tps.get(choice.api.operation)) for choice in choices}
    bound = {choice.api.operation for choice in choices if choice.bound}
    free = [choice for choice in choices if choice.api.operation not in bound]
    if not free:
        names = ", ".join(choice.api.name for choice in choices) or "what is asked"
        raise UsageError(
            f"{names} can be asked in one Region of one account alone", "Leave --regions out, and all profiles but one."
        )
    found = [_with_quotas(place, free, quotas, fast) for place in places]
    return Others(tuple(place for place in found if place.quotas), tuple(dict.fromkeys(_left_out(found, free, quotas))))


def _refuse_first(region: str, places: Sequence[Place], choices: Sequence[Choice], quotas: QuotaTable) -> None:
    for choice in choices:
        operation = choice.api.operation
        if quotas.offers(operation, region):
            continue
        there = [place.region for place in places if quotas.offers(operation, place.region)]
        if not there:
            raise UsageError(
                f"none of these Regions has {choice.api.name}: {', '.join(_regions(region, places))}",
                f"Choose others: {', '.join(quotas.where(operation))}.",
            )
        why = quotas.missing(operation, region) or quotas.unlisted(region) or f"{region} lacks {choice.api.name}"
        raise UsageError(
            f"all is asked in the first of several Regions, and {why}", f"Name another one first, as {there[0]}."
        )


def _regions(region: str, places: Sequence[Place]) -> Iterable[str]:
    return dict.fromkeys((region, *(place.region for place in places)))


def _with_quotas(
    place: Place, choices: Sequence[Choice], quotas: QuotaTable, fast: Mapping[str, float | None]
) -> Place:
    quotas = _of_account(place, quotas)
    offered = dict.fromkeys(c.api.operation for c in choices if quotas.offers(c.api.operation, place.region))
    rates = {op: fast[op] or quotas.tps(op, place.region) or BEGIN_TPS for op in offered}
    exact = [op for op in rates if fast[op] or quotas.provenance(op, place.region)[0] in OWN_QUOTAS]
    return replace(place, quotas=rates, exact=tuple(exact))


def _of_account(place: Place, quotas: QuotaTable) -> QuotaTable:
    """What was read of quotas is of the job's own account."""
    return QuotaTable.bundled() if place.profile else quotas


def _left_out(places: Iterable[Place], choices: Sequence[Choice], quotas: QuotaTable) -> Iterator[str]:
    for place in places:
        missing = [choice.api.name for choice in choices if choice.api.operation not in place.quotas]
        if missing and not place.quotas and (why := _of_account(place, quotas).unlisted(place.region)):
            yield f"Left out: {why}."
        elif missing:
            yield f"Left out in {place.region}, which has no such API: {', '.join(missing)}."


def parts(places: Sequence[Place], region: str, own: Mapping[str, float | None]) -> Parts:
    """Each place's part of the calls of the operations asked at several. `own`: the rates at the job's own."""
    found = {}
    for operation in dict.fromkeys(operation for place in places for operation in place.quotas):
        at = [(OWN, region, own.get(operation))]
        at += [(place.name, place.region, place.quotas[operation]) for place in places if operation in place.quotas]
        found[operation] = tuple(Part(name, where, tps or BEGIN_TPS) for name, where, tps in at)
    return found


def split(demands: Iterable[Demand], parts: Parts) -> list[Demand]:
    """Demands of calls that go to several places, one for each place."""
    found: list[Demand] = []
    for demand in demands:
        some = parts.get(demand.operation, ()) if demand.per_call else ()
        if not some:
            found.append(demand)
            continue
        units, calls = (_shared(int(n), some) for n in (demand.units, demand.calls))
        found += [
            replace(demand, place=part.place, units=Decimal(n), high=Decimal(n), calls=c)
            for part, n, c in zip(some, units, calls, strict=True)
        ]
    return found


def _shared(number: int, parts: Sequence[Part]) -> list[int]:
    """A number by the rates of the parts; they add up to it."""
    total, so_far, reached, found = sum(part.tps for part in parts), 0.0, 0, []
    for part in parts:
        so_far += part.tps
        upto = number if part is parts[-1] else round(number * so_far / total)
        found.append(upto - reached)
        reached = upto
    return found
