"""Calls over several places: what each may be asked, at which rate, and its part of the calls. Pure.

Rule: a place takes calls in proportion to its quota, as the workers' choice comes to (workers/calls/roads.py). What is
bound to one place is asked at the job's own, and where an API does not exist the place is left out for it.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    tps: float | None
    weight: float


Parts = Mapping[str, tuple[Part, ...]]  # by operation, the job's own place first; only of those asked at several


def with_quotas(
    places: Sequence[Place], choices: Iterable[Choice], quotas: QuotaTable, tps: Mapping[str, float]
) -> tuple[Place, ...]:
    """The places with what may be asked there, at which rate. `tps`: by API or operation, in each Region. Raises
    UsageError where all is bound to the job's own place."""
    choices = list(choices)
    if not places:
        return ()
    fast = {choice.api.operation: tps.get(choice.api.name, tps.get(choice.api.operation)) for choice in choices}
    bound = {choice.api.operation for choice in choices if choice.bound}
    free = [operation for operation in fast if operation not in bound]
    if not free:
        names = ", ".join(choice.api.name for choice in choices) or "what is asked"
        raise UsageError(
            f"{names} can be asked in one Region of one account alone", "Leave --regions out, and all profiles but one."
        )
    return tuple(
        _with_quotas(place, [op for op in free if not quotas.missing(op, place.region)], quotas, fast)
        for place in places
    )


def _with_quotas(
    place: Place, operations: Sequence[str], quotas: QuotaTable, fast: Mapping[str, float | None]
) -> Place:
    quotas = QuotaTable.bundled() if place.profile else quotas  # what was read of quotas is of the job's own account
    rates = {op: fast[op] or quotas.tps(op, place.region) for op in operations}
    exact = [op for op in operations if fast[op] or quotas.provenance(op, place.region)[0] in OWN_QUOTAS]
    return replace(place, quotas=rates, exact=tuple(exact))


def parts(places: Sequence[Place], region: str, own: Mapping[str, float | None]) -> Parts:
    """Each place's part of the calls of the operations asked at several. `own`: the rates at the job's own."""
    found = {}
    for operation in dict.fromkeys(operation for place in places for operation in place.quotas):
        at = [(OWN, region, own.get(operation))]
        at += [(place.name, place.region, place.quotas[operation]) for place in places if operation in place.quotas]
        found[operation] = tuple(Part(name, where, tps, tps or BEGIN_TPS) for name, where, tps in at)
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
    """A number by the weights of the parts; they add up to it."""
    total, so_far, reached, found = sum(part.weight for part in parts), 0.0, 0, []
    for part in parts:
        so_far += part.weight
        upto = number if part is parts[-1] else round(number * so_far / total)
        found.append(upto - reached)
        reached = upto
    return found
