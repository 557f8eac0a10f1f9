"""What must hold, by the endpoint's books and the job's folder.

lost         each attempt the endpoint billed is a unit or a mark in the folder, once Redis has forgotten the job
invented     no unit is counted that the endpoint did not bill
cap          billed never passes the cap in force, months and places told apart (world.py, at each bill)
place        a call is sent to the place that its intent names (world.py, at each request)
asked again  an answer that Redis has, or that the folder had when the shard was taken, is not asked again (world.py, at
             each intent)
order        a command that began before a pause or cancel was accepted does not go on with the job (world.py, where
             it is put on the table)
fence        no two processes hold a shard by the same fence (world.py, at each lease)
ends         when faults stop, the job ends in bounded time (world.py)
sums         planned == ok + skipped + failed + not_asked, and status == costs == tables
cascade      nothing is billed for a call whose condition does not hold, and it is not said of one whose condition does
retry        a finished retry has asked each of its calls, or has an answer that came late
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from jobs import costs
from jobs.codes import Code
from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.outcomes import NOT_ASKED, Outcome
from jobs.pools import place_of
from jobs.status import DONE, kept
from tests.machine import job as jobs_of
from tests.machine.endpoint import Call
from tests.machine.parts import once

if TYPE_CHECKING:
    from tests.machine.world import World


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold."""

    rule: str
    what: str


def rows(folder: JobFolder) -> list[Outcome]:
    """Every row that costs are counted from."""
    found = folder.shard_parts().values()
    paths = [path for parts in found for path in parts.names]
    return once("rows", paths, lambda: [row for parts in found for row in rows_of(folder, parts)])


def when_closed(world: "World") -> list[Broken]:
    return _counted(world, [bill.call for bill in world.endpoint.bills if not bill.intent.lost])


def at_the_end(world: "World") -> list[Broken]:
    billed = [bill.call for bill in world.endpoint.bills if not world.excused(bill)]
    return [*_counted(world, billed), *_sums(world), *_conditions(world), *_retried(world)]


def counted(world: "World") -> tuple[Counter[Call], Counter[Call]]:
    """By call: units and marks in the folder, and the units alone."""
    folder = JobFolder(str(world.home), jobs_of.NAME)
    have: Counter[Call] = Counter()
    units: Counter[Call] = Counter()
    for row in rows(folder):
        operation = jobs_of.OPERATIONS[row.api]
        if row.api == world.job.first_api(operation):
            have[row.item_id, operation] += row.units + row.maybe_billed
            units[row.item_id, operation] += row.units
    return have, units


def _counted(world: "World", billed: list[Call]) -> list[Broken]:
    have, units = counted(world)
    need = Counter(billed)
    found = [
        Broken("lost", f"{call}: {n} billed, {have[call]} in the folder")
        for call, n in sorted(need.items())
        if have[call] < n
    ]
    every = Counter(bill.call for bill in world.endpoint.bills)
    found += [
        Broken("invented", f"{call}: {n} units in the folder, {every[call]} billed")
        for call, n in sorted(units.items())
        if n > every[call]
    ]
    return found


def _sums(world: "World") -> list[Broken]:
    folder = JobFolder(str(world.home), jobs_of.NAME)
    counted = costs.counters(folder)
    status = kept(folder)
    found = []
    for api in world.job.apis:
        calls = {name: _total(counted, f"{name}:{api}") for name in (*DONE, "maybe_billed")}
        planned = world.job.items
        if sum(calls[name] for name in DONE) != planned:
            found.append(Broken("sums", f"{api}: {planned} planned, {calls}"))
        said = {name: (status.by_api if status else {}).get(api, {}).get(name) for name in calls}
        if said != calls:
            found.append(Broken("sums", f"{api}: status says {said}, costs {calls}"))
    for api, place in product(world.job.apis, ("", jobs_of.WEST)):
        bills = [b for b in world.endpoint.bills if b.call[1] == jobs_of.OPERATIONS[api] and not world.excused(b)]
        billed = sum(place_of(b.pool) == place for b in bills)
        own = sum(_total(counted, f"{name}:{api}", place) for name in ("units", "maybe_billed"))
        if own < billed:
            found.append(Broken("lost", f"{api}: {billed} billed at {place or jobs_of.HERE}, costs count {own}"))
    return found


def _conditions(world: "World") -> list[Broken]:
    folder = JobFolder(str(world.home), jobs_of.NAME)
    found = [
        Broken("cascade", f"{bill.call} is billed, and its condition does not hold")
        for bill in world.endpoint.bills
        if not world.job.is_asked(*bill.call)
    ]
    for row in (row for row in rows(folder) if row.outcome == NOT_ASKED):
        is_asked = world.job.is_asked(row.item_id, jobs_of.OPERATIONS[row.api])
        if is_asked and row.code == Code.CONDITION_FALSE:
            found.append(Broken("cascade", f"{row.api} of {row.item_id} was not asked, and its condition holds"))
        if row.units or row.maybe_billed:
            found.append(Broken("cascade", f"{row.api} of {row.item_id} was not asked, and costs {row.marks}"))
    return found


def _total(counters: Mapping[str, int], name: str, place: str | None = None) -> int:
    """Over all months, and all places unless one is named."""
    mine = ((key, n) for key, n in counters.items() if key == name or key.startswith(f"{name}:"))
    return sum(n for key, n in mine if place in (None, key.partition("@")[2]))


def _retried(world: "World") -> list[Broken]:
    if world.job.twins:
        return []  # a twin's answer will do
    folder = JobFolder(str(world.home), jobs_of.NAME)
    # One that slept may bring the answer of an attempt of before the retry.
    there = ("ok", NOT_ASKED)
    answered = {(row.item_id, jobs_of.OPERATIONS[row.api]) for row in rows(folder) if row.outcome in there}
    return [
        Broken("retry", f"{call} is of a finished retry and was not asked")
        for call, when in sorted(world.retried.items())
        if world.endpoint.last_sent.get(call, -1.0) < when and call not in answered
    ]
