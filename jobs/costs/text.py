"""The reckoning as tables a manager can read. Pure: values in, text and tables out.

Rule: what it has is a list of parts, so that a pipe gets plain text and a terminal tables that fit it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from jobs.costs.month import HomeMonth, JobMonth
from jobs.costs.reckoning import MINUTE_MS, CostLine, Costs
from jobs.costs.staged import Staged
from jobs.costs.tallies import Tally
from jobs.money.months import quantity
from jobs.words import ROUNDING, count, dollars, each, many, size, table

HEADER = ("API", "Meter", "Planned", "Planned $", "Actual", "Actual $", "Maybe", "Maybe $")
MONTH = ("Job", "Region", "API", "Meter", "Units", "Price", "Maybe $")
AWS = ("Operation", "Answered", "Maybe", "AWS counts", "Gap")
_MAYBE = (
    "Maybe: attempts whose answer never came. AWS may have billed them on top of the actual price; its bill decides."
)


@dataclass(frozen=True, slots=True)
class Columns:
    """A table; those columns named in `right` are flush right, and `spare` is one that a narrow terminal has no room
    for."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str]
    spare: str

    @property
    def narrow(self) -> "Columns":
        """Without the spare one."""
        at = self.header.index(self.spare)
        header, *rows = ((*row[:at], *row[at + 1 :]) for row in (self.header, *self.rows))
        return replace(self, header=header, rows=rows)


Part = str | Columns


def text(parts: Sequence[Part]) -> str:
    """Plain text."""
    return "\n".join(part if isinstance(part, str) else table(part.header, part.rows, part.right) for part in parts)


def costs_parts(costs: Costs) -> list[Part]:
    """Planned, actual and maybe billed per API, and how the tiers were walked."""
    rows = [
        (
            f"{line.api} in {line.place or line.region}" if line.region else line.api,
            line.meter,
            count(line.planned_units),
            dollars(line.planned_usd),
            count(sum((tier.units for tier in line.actual), Decimal(0))),
            dollars(line.actual_usd),
            count(sum((tier.units for tier in line.maybe), Decimal(0))),
            dollars(line.maybe_usd),
        )
        for line in costs.lines
    ]
    totals = (dollars(costs.planned_usd), "", dollars(costs.actual_usd), "", dollars(costs.maybe_usd))
    parts: list[Part] = [f"Job {costs.job} in {', '.join(costs.regions) or costs.region}", ""]
    parts += [Columns(HEADER, [*rows, ("Total", "", "", *totals)], HEADER[2:], "Meter"), ""]
    for line in costs.lines:
        walk = " + ".join(f"{count(tier.units)} x {each(tier.usd_each)} ({tier.confidence})" for tier in line.actual)
        calls = line.calls
        where = f" in {line.place or line.region}" if line.region else ""
        parts.append(f"{line.api}{where} on {line.meter}: {walk or '0 units'}")
        rest = f"{count(calls.skipped)} skipped, {count(calls.failed)} failed, {count(calls.attempts)} requests"
        parts.append(f"  {_answered(line)}, {rest}")
        parts += _not_asked(line, costs)
        parts += _films(calls)
    parts += _known(costs)
    for month in costs.months if len(costs.months) > 1 else ():
        amounts = [line.actual_usd for line in costs.months[month]]
        known = [amount for amount in amounts if amount is not None]
        parts.append(f"{month}: {dollars(sum(known, Decimal(0)) if known else None)}")
    if not costs.complete:
        parts.append("NOT COMPLETE: a part of the price is unknown.")
    if any(line.maybe for line in costs.lines):
        parts.append(_MAYBE)
    return [*parts, f"Prices: {costs.prices_source}, {costs.prices_as_of}.", ROUNDING]


def _answered(line: CostLine) -> str:
    """Of a place what was paid for there, as `status` counts it: what is known belongs to none."""
    if line.region:
        return f"{count(line.calls.units)} answered"
    return f"{count(line.calls.ok)} answered ({count(line.calls.known)} known before)"


def _known(costs: Costs) -> Iterator[str]:
    """Answers that cost nothing, of a job at several places: once for each API, whatever its meters."""
    known: dict[str, dict[str, int]] = {}
    for line in costs.lines if costs.regions else ():
        known.setdefault(line.api, {})[line.place] = line.calls.known
    for api, places in known.items():
        if several := sum(places.values()):
            yield f"{api}: {many(several, 'answer')} known before, of no Region"


def _not_asked(line: CostLine, costs: Costs) -> Iterator[str]:
    undecided = line.calls.undecided
    if did_not_hold := line.calls.not_asked - undecided:
        spared = f": about {dollars(line.spared_usd)} spared" if line.spared_usd is not None else ""
        yield f"  {count(did_not_hold)} not asked, as their condition did not hold{spared}"
    if undecided:
        failed = any(one.calls.failed for one in costs.lines)
        do = f"; `rekscan retry {costs.job}` asks what failed, and then these" if failed else ""
        yield f"  {count(undecided)} not asked, as what their condition reads failed or was skipped: nothing spared{do}"


def _films(calls: Tally) -> list[str]:
    """What AWS says of the films it answered beside what their headers say; AWS does not tell how it rounds."""
    if not calls.minutes_up:
        return []
    probed, answered = (quantity(Decimal(ms), MINUTE_MS) for ms in (calls.probed_ms, calls.ms))
    up = f"{count(calls.minutes_up)} if AWS rounds each film up"
    return [f"  {count(probed)} minutes by the films' headers, {count(answered)} by AWS's answers; {up}"]


def staged_text(staged: Staged) -> list[str]:
    """What S3 bills for films that were uploaded."""
    if not staged.films:
        return []
    parts = ", ".join(f"{count(line.units)} {line.meter} {dollars(line.usd)}" for line in staged.lines)
    return [f"Beside it, on S3's bill: {many(staged.films, 'film')} ({size(staged.bytes)}) staged: {parts}"]


def month_parts(month: HomeMonth) -> list[Part]:
    """All jobs of a home in one calendar month: those AWS answered, and apart from them the others."""
    parts: list[Part] = [
        f"{month.month}: {many(len(month.paid), 'job')} answered by AWS{_without(month)}",
        "",
    ]
    total = ("Total", "", "", "", "", dollars(month.actual_usd), dollars(month.maybe_usd))
    parts += [Columns(MONTH, [*_month_rows(month.paid), total], MONTH[4:], "Region"), ""]
    if not month.complete:
        parts.append("NOT COMPLETE: a part of the price is unknown.")
    if month.unpaid:
        others = sorted({job.answered_by for job in month.unpaid})
        jobs = f"{many(len(month.unpaid), 'job')} answered by {', '.join(others)}"
        total = ("Not paid", "", "", "", "", dollars(month.unpaid_usd), "")
        parts += [f"{jobs}: nothing was paid, AWS would have taken", ""]
        parts += [Columns(MONTH, [*_month_rows(month.unpaid), total], MONTH[4:], "Region"), ""]
    return [*parts, "Tiers are pooled over the month's jobs, in the order they were made.", ROUNDING]


def _without(month: HomeMonth) -> str:
    return f"; {many(month.without, 'more job')} made no call" if month.without else ""


def _month_rows(jobs: Sequence[JobMonth]) -> list[tuple[str, ...]]:
    return [
        (
            job.costs.job,
            line.place or job.costs.region,
            line.api,
            line.meter,
            count(sum((tier.units for tier in line.actual), Decimal(0))),
            dollars(line.actual_usd),
            dollars(line.maybe_usd),
        )
        for job in jobs
        for line in job.costs.lines
    ]


def gaps(costs: Costs, aws: Mapping[str, Mapping[str, int]]) -> list[dict[str, int | str]]:
    """Our answered calls beside AWS's counts, per place and operation. Calls that serve two APIs count once."""
    return [
        _gap(costs, place, operation, theirs) for place, counts in aws.items() for operation, theirs in counts.items()
    ]


def _gap(costs: Costs, place: str, operation: str, theirs: int) -> dict[str, int | str]:
    lines = [line for line in costs.lines if (line.operation, line.place) == (operation, place)]
    answered = max((line.calls.ok - line.calls.known for line in lines), default=0)
    maybe = max((line.calls.maybe_billed for line in lines), default=0)
    gap = theirs - answered
    where: dict[str, int | str] = {"region": place or costs.region} if costs.regions else {}
    return where | {
        "operation": operation,
        "answered": answered,
        "maybe_billed": maybe,
        "cloudwatch": theirs,
        "gap": gap,
        "why": _why(gap, maybe),
    }


def gaps_text(rows: Sequence[Mapping[str, int | str]]) -> str:
    several = any("region" in row for row in rows)
    header = ("Region", *AWS) if several else AWS
    names = (*(("region",) * several), "operation", "answered", "maybe_billed", "cloudwatch", "gap")
    cells = [tuple(f"{row[n]:,}" if isinstance(row[n], int) else str(row[n]) for n in names) for row in rows]
    why = [" in ".join(str(row[n]) for n in ("operation", "region") if n in row) + f": {row['why']}" for row in rows]
    return "\n".join([table(header, cells, AWS[1:]), *why])


def _why(gap: int, maybe: int) -> str:
    """What can explain AWS counting `gap` calls more than were answered here."""
    if gap == 0:
        return "AWS counts what was answered here."
    if gap < 0:
        return (
            f"AWS counts {-gap:,} fewer: its metrics arrive minutes late and may lack the last calls; ask again later."
        )
    if maybe == 0:
        return f"{gap:,} more calls at AWS than here: another program used this account in that time."
    if gap <= maybe:
        return f"{gap:,} of the {maybe:,} attempts without an answer did reach AWS, and are billed."
    rest = gap - maybe
    return f"at most {maybe:,} are attempts without an answer; {rest:,} are another program's in this account."
