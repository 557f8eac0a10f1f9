"""A calendar month of a job home: all its jobs together, as AWS bills them.

Rule: the month's units of a meter and Region are one running total over all jobs, in the order the jobs were made, so
that splitting a scan into jobs never changes the month's total. The month to date that the month's first job of a
Region was planned with counts before it; later ones would count the earlier jobs again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.costs.reckoning import Costs, reckon
from jobs.costs.tallies import Tallies
from jobs.folder import JobSpec
from jobs.folder.whose import AWS, EMULATOR, whose
from jobs.money.prices import known_total, money
from jobs.pools import OWN, pool_of


@dataclass(frozen=True, slots=True)
class JobMonth:
    """One job's share of a month."""

    costs: Costs
    created_at: str
    sources: tuple[str, ...]
    answered_by: str = AWS  # another than AWS: priced as AWS would, billed by nobody

    def to_json(self) -> dict[str, Any]:
        lines = [line.to_json() for line in self.costs.lines]
        for line in lines:
            del line["planned"]  # of the whole job, not of this month
        return {
            "job": self.costs.job,
            "region": self.costs.region,
            "created_at": self.created_at,
            "sources": list(self.sources),
            "local": self.answered_by == EMULATOR,
            "answered_by": self.answered_by,
            "lines": lines,
            "actual_usd": money(self.costs.actual_usd),
            "maybe_usd": money(self.costs.maybe_usd),
            "complete": self.costs.complete,
            "prices": {"source": self.costs.prices_source, "as_of": self.costs.prices_as_of},
        }


@dataclass(frozen=True, slots=True)
class HomeMonth:
    """`rekscan costs --month 2026-11`."""

    month: str
    jobs: tuple[JobMonth, ...]
    without: int = 0  # jobs made in it that made no call: all was known, or left out, or they never began

    @property
    def paid(self) -> tuple[JobMonth, ...]:
        """Jobs that AWS answered; sums are of these."""
        return tuple(job for job in self.jobs if job.answered_by == AWS)

    @property
    def unpaid(self) -> tuple[JobMonth, ...]:
        """Jobs that the emulator or another endpoint answered."""
        return tuple(job for job in self.jobs if job.answered_by != AWS)

    @property
    def actual_usd(self) -> Decimal | None:
        return _sum(job.costs.actual_usd for job in self.paid)

    @property
    def maybe_usd(self) -> Decimal | None:
        return _sum(job.costs.maybe_usd for job in self.paid)

    @property
    def unpaid_usd(self) -> Decimal | None:
        """What AWS would have taken for the others."""
        return _sum(job.costs.actual_usd for job in self.unpaid)

    @property
    def complete(self) -> bool:
        return all(job.costs.complete for job in self.paid)

    def to_json(self) -> dict[str, Any]:
        return {
            "month": self.month,
            "jobs": [job.to_json() for job in self.jobs],
            "jobs_without_calls": self.without,
            "usd": {"actual": money(self.actual_usd), "maybe": money(self.maybe_usd)},
            "not_aws_usd": money(self.unpaid_usd),
            "complete": self.complete,
        }


def home_month(month: str, jobs: Iterable[tuple[JobSpec, Tallies]]) -> HomeMonth:
    """The month of these jobs; those without a call in it are only counted."""
    used: dict[str, dict[str, Decimal]] = {}  # account and Region -> meter -> units so far
    found, without = [], 0
    for spec, tallies in sorted(jobs, key=lambda row: (row[0].created_at, row[0].job)):
        mine = tallies.of_month(month)
        if not any(row.attempts or row.units or row.maybe_billed for row in mine.rows.values()):
            without += spec.first_month == month
            continue
        running = {OWN: used.setdefault(f"{spec.account} {spec.region}", _stated(spec, month))}
        for place in spec.places:
            running[place.name] = used.setdefault(f"{place.account} {place.region}", {})
        before = {pool_of(month, place): so_far for place, so_far in running.items()}
        costs = reckon(spec, mine, before=before)
        found.append(JobMonth(costs, spec.created_at, spec.sources, whose(spec)))
        for line in costs.lines:
            more = sum((tier.units for tier in line.actual), Decimal(0))
            so_far = running[line.place]
            so_far[line.meter] = so_far.get(line.meter, Decimal(0)) + more
    return HomeMonth(month, tuple(found), without)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    several = list(amounts)
    return known_total(several) if several else Decimal(0)


def _stated(spec: JobSpec, month: str) -> dict[str, Decimal]:
    """The month to date a job was planned with, if it is of this month."""
    return dict(spec.plan.month_to_date) if spec.first_month == month else {}
