"""A plan as a table a manager can read, as plain text and as CSV rows. Pure: text in, text out.

Rule: every line shows quantity x price = amount per tier, and every assumption is listed.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from jobs.counts import Counts
from jobs.money.prices import money, number
from jobs.plan.values import Plan, PlanLine
from jobs.plan.videos import minutes
from jobs.words import ROUNDING, count, dollars, duration, each, table

HEADER = ("API", "Meter", "Units", "Each", "Price", "Confidence")
MONTHS = ("Month", *HEADER)
RIGHT = ("Units", "Each", "Price", "Calls", "Duration")
COMPARE = ("APIs", "Calls", "Price", "Duration")
CSV = ("set", "month", "api", "operation", "meter", "unit", "units", "usd_each", "usd", "confidence")


def title(plan: Plan) -> str:
    """What is priced: `2,500,000 images and 3 videos in us-east-1`."""
    counts = plan.counts
    parts = [f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((counts.images, "image"), (counts.videos, "video")) if n]
    if counts.video_ms:
        parts.append(f"{count(minutes(counts.video_ms))} minutes of video")
    return f"{', '.join(parts) or 'Price'} in {plan.region}"


def rows(plan: Plan) -> list[tuple[str, ...]]:
    """The table's rows by HEADER, a row per tier and the total last."""
    found = [row for line in plan.lines for row in _line(line)]
    name = "Total" if plan.complete else "Total of the lines with a price"
    return [*found, (name, "", "", "", dollars(plan.total), "")]


def month_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Each calendar month's tier walk, by MONTHS."""
    found: list[tuple[str, ...]] = []
    for month in plan.months:
        for line in month.lines:
            found += [(month.month, *row) for row in _line(line)]
        found.append((month.month, "all", "", "", "", dollars(month.usd), ""))
    return found


def notes(plan: Plan, *, brief: bool = False) -> list[str]:
    """What stands below the table: unknowns, bounds, skips, time, assumptions."""
    found = [plan.cut] if plan.cut else []
    if not plan.complete:
        found.append("NOT COMPLETE: a part of this price is unknown.")
        found += [f"  - {reason}" for reason in plan.unknown]
    low, high = plan.bounds
    if plan.complete and low != high:
        found.append(f"Between {dollars(low)} and {dollars(high)}, as AWS does not say how part minutes count.")
    if plan.counts.skipped:
        found.append("Skipped: " + ", ".join(_skipped(plan.counts)))
    found += _duration(plan)
    if brief:
        return [*found, ROUNDING]
    return [*found, ROUNDING, "", "Assumptions", *(f"  - {line}" for line in plan.assumptions)]


def plan_table(plan: Plan, *, brief: bool = False) -> str:
    """The estimate in plain text (`brief`: without assumptions); rekscan/console/plan.py shows the same in colours."""
    parts = [title(plan), "", table(HEADER, rows(plan), RIGHT), ""]
    if plan.months:
        parts += ["By calendar month", "", table(MONTHS, month_rows(plan), RIGHT), ""]
    return "\n".join([*parts, *notes(plan, brief=brief)])


def compare_rows(plans: Sequence[tuple[str, Plan]]) -> list[tuple[str, ...]]:
    """Several API sets side by side, by COMPARE."""
    return [
        (
            name,
            count(sum(rate.calls for rate in plan.rates)),
            dollars(plan.total) + ("" if plan.complete else " (not complete)"),
            duration(plan.duration_s),
        )
        for name, plan in plans
    ]


def compare_notes(plans: Sequence[tuple[str, Plan]]) -> list[str]:
    """What stands below the comparison: what all sets take for granted, then what one does alone."""
    common = [line for line in plans[0][1].assumptions if all(line in plan.assumptions for _, plan in plans)]
    own = [f"{name}: {line}" for name, plan in plans for line in plan.assumptions if line not in common]
    unknown = [f"  - {name}: {line}" for name, plan in plans for line in plan.unknown]
    found = ["NOT COMPLETE: a part of these prices is unknown.", *unknown] if unknown else []
    return [*found, ROUNDING, "", "Assumptions", *(f"  - {line}" for line in common + own)]


def compare_text(plans: Sequence[tuple[str, Plan]]) -> str:
    """Several API sets side by side in plain text; their assumptions once."""
    parts = [title(plans[0][1]), "", table(COMPARE, compare_rows(plans), RIGHT), ""]
    return "\n".join([*parts, *compare_notes(plans)])


def csv_rows(plans: Iterable[tuple[str, Plan]]) -> Iterator[tuple[str, ...]]:
    """A row per API, meter, month and tier, then each set's total, by CSV. Exact, nothing rounded."""
    for name, plan in plans:
        months: list[tuple[str, tuple[PlanLine, ...]]] = [(month.month, month.lines) for month in plan.months]
        for month, lines in months or [("", plan.lines)]:
            for line in lines:
                head = (name, month, line.api, line.operation, line.meter, line.unit)
                for tier in line.tiers:
                    usd = money(tier.usd) or "unknown"
                    yield (*head, str(number(tier.units)), money(tier.usd_each) or "unknown", usd, tier.confidence)
                if line.open:
                    yield (*head, "unknown", "", "unknown", line.open)
        total = money(plan.total) or "unknown"
        yield (name, "", "total", "", "", "", "", "", total, "complete" if plan.complete else "not complete")


def _skipped(counts: Counts) -> Iterator[str]:
    """`3 hidden`, `2 unsupported-codec: hevc (61.5 minutes)`."""
    for reason, items in sorted(counts.skipped.items()):
        ms = counts.left_out_ms.get(reason)
        yield f"{items:,} {reason}" + (f" ({count(minutes(ms))} minutes)" if ms else "")


def _duration(plan: Plan) -> Iterator[str]:
    """By what is slowest: the jobs of stored video, or the calls of one operation."""
    jobs = plan.video_jobs
    slowest = max(plan.rates, key=lambda rate: rate.seconds or 0, default=None)
    if jobs and plan.duration_s == jobs.seconds:
        yield f"Duration: about {duration(jobs.seconds)} ({jobs.jobs:,} video jobs, {jobs.at_once} at a time)"
    elif slowest is not None and slowest.calls:
        by = f" ({slowest.operation} at {slowest.tps:g}/s)" if slowest.tps and plan.duration_s is not None else ""
        yield f"Duration: {duration(plan.duration_s)}{by}"


def _line(line: PlanLine) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for tier in line.tiers:
        what = (line.api, line.meter) if not found else ("", "")
        found.append((*what, count(tier.units), each(tier.usd_each), dollars(tier.usd), tier.confidence))
    if line.open:
        found.append((line.api, line.meter, "unknown", "", "unknown", ""))
    return found or [(line.api, line.meter, "0", "", dollars(Decimal(0)), "")]
