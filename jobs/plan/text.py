"""A plan as a table a manager can read, as plain text and as CSV rows. Pure: text in, text out.

Rule: every line shows quantity x price = amount per tier, the price and what drives it come last, and assumptions are
listed in full when they are asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from jobs.codes import Code
from jobs.counts import Counts
from jobs.money.prices import known_total, money, number
from jobs.plan import both_ways, by_regions, cascade
from jobs.plan.assumptions import at_the_head
from jobs.plan.values import Plan, PlanLine
from jobs.plan.videos import minutes
from jobs.words import ROUNDING, count, dollars, duration, each, many, table

HEADER = ("API", "Meter", "Units", "Each", "Price", "Confidence")
MONTHS = ("Month", *HEADER)
RIGHT = ("Units", "Each", "Price", "Calls", "Duration")
COMPARE = ("APIs", "Calls", "Price", "Duration")
_DRIVERS = 3
CSV = ("set", "month", "api", "operation", "meter", "unit", "units", "usd_each", "usd", "confidence")


def title(plan: Plan) -> str:
    """What is priced: `2,500,000 images and 3 videos in us-east-1`."""
    what = contents(plan) or "price"
    return f"{what[0].upper()}{what[1:]} in {', '.join(plan.regions)}"


def contents(plan: Plan, *, priced: bool = False) -> str:
    """`2,500,000 images, 3 videos and 200,000 images a month`; "" for none. `priced`: what the APIs take of it."""
    counts, stream = plan.counts, plan.stream
    images = counts.images if plan.asks_of_images or not priced else 0
    videos = counts.videos if plan.asks_of_videos or not priced else 0
    kinds = ((images - counts.frames, "image"), (counts.frames, "frame"), (videos, "video"))
    parts = [many(n, what) for n, what in kinds if n]
    if counts.framed and not counts.videos:
        parts[-1] += f" of {many(counts.framed, 'video')}"
    if plan.drawn_from:
        parts[0] = f"a sample of {counts.images:,} of {many(plan.drawn_from, 'image')}"
    if counts.video_ms and (videos or not counts.videos):
        parts.append(f"{count(minutes(counts.video_ms))} minutes of video")
    if stream:
        parts.append(f"{many(stream.images, 'image')} a month for {many(stream.months, 'month')}")
    return ", ".join(parts)


def head(plan: Plan) -> list[str]:
    """What of it is not paid for, below the title."""
    found = []
    if plan.copies:
        are = "is a copy" if plan.copies == 1 else "are copies"
        found.append(f"{plan.copies:,} of {plan.counts.images:,} {are} of others (same ETag), paid once.")
    found += at_the_head(plan)
    if plan.near:
        found += [plan.near.text(plan.counts.images), *plan.near.missed()]
    if plan.earlier:
        found.append(f"{many(plan.earlier, 'call')} answered by earlier jobs, not paid again (--again pays again).")
    return found


def rows(plan: Plan) -> list[tuple[str, ...]]:
    """The table's rows by HEADER, a row per tier and the total last."""
    found = [row for line in plan.lines for row in _line(plan, line)]
    name = "Total" if plan.complete else "Total of the lines with a price"
    return [*found, (name, "", "", "", dollars(plan.total), "")]


def month_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Each calendar month's tier walk, by MONTHS."""
    found: list[tuple[str, ...]] = []
    for month in plan.months:
        for line in month.lines:
            found += [(month.month, *row) for row in _line(plan, line)]
        found.append((month.month, "all", "", "", "", dollars(month.usd), ""))
    return found


def notes(plan: Plan, *, brief: bool = False, explain: bool = False, both: bool = True) -> list[str]:
    """What stands below the table: unknowns, bounds, skips, time. `explain`: and assumptions; `brief`: not a word of
    them. `both`: with what films cost as frames and as a whole, and what fewer Regions do."""
    found = [line for line in (plan.cut, plan.stops) if line]
    if not plan.complete:
        found.append("NOT COMPLETE: a part of this price is unknown.")
        found += [f"  - {reason}" for reason in plan.unknown]
    low, high = plan.bounds
    if plan.complete and low != high:
        found.append(f"Between {dollars(low)} and {dollars(high)}, as AWS does not say how part minutes count.")
    if skipped := list(left_out(plan.counts)):
        found.append("Skipped: " + ", ".join(skipped))
    found += plan.first.notes() if plan.first else []
    found += cascade.notes(plan)
    found += _duration(plan)
    if plan.by_regions and both:
        found += [
            "",
            "Regions side by side",
            *table(by_regions.HEADER, by_regions.rows(plan.by_regions), by_regions.RIGHT).splitlines(),
            "",
        ]
    if plan.both and both:
        found += ["", both_ways.title(plan.counts), *_both(plan), ""]
    found.append(ROUNDING)
    return found if brief else [*found, *explained(below(plan), explain=explain)]


def below(plan: Plan) -> list[str]:
    """The assumptions that the head does not say."""
    said = set(at_the_head(plan))
    return [line for line in plan.assumptions if line not in said]


def explained(assumptions: Sequence[str], *, explain: bool) -> list[str]:
    """Assumptions in full, or how to see them."""
    if explain:
        return ["", "Assumptions", *(f"  - {line}" for line in assumptions)]
    return [f"It rests on {many(len(assumptions), 'assumption')}: --explain lists them."]


def price(plan: Plan) -> list[str]:
    """The last lines: the total, and up to three of what drives it."""
    total = (
        dollars(plan.total)
        if plan.complete
        else "NOT COMPLETE"
        if plan.total is None
        else f"{dollars(plan.total)} and more"
    )
    most = "at most " if plan.conditional else ""
    over = f", {plan.months[0].month} to {plan.months[-1].month}" if len(plan.months) > 1 else ""
    found = [f"{most}{total} for {contents(plan, priced=True) or 'this'}{over}"]
    by_api: dict[str, list[PlanLine]] = {}
    for line in plan.lines:
        by_api.setdefault(line.api, []).append(line)
    drivers = sorted(by_api.values(), key=lambda lines: _usd(lines) or Decimal(0), reverse=True)
    shown = drivers if len(drivers) <= _DRIVERS else drivers[: _DRIVERS - 1]
    cells = [(lines[0].api, _units(lines), dollars(_usd(lines))) for lines in shown]
    if rest := drivers[len(shown) :]:
        cells.append((f"{len(rest)} more", "", dollars(_usd(line for lines in rest for line in lines))))
    widths = [max((len(row[at]) for row in cells), default=0) for at in range(3)]
    return found + [f"  {a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}" for a, b, c in cells]


def above(plan: Plan) -> list[str]:
    """The tables, under their title."""
    parts = [title(plan), *head(plan), "", table(HEADER, rows(plan), RIGHT), ""]
    if plan.months:
        parts += ["By calendar month", "", table(MONTHS, month_rows(plan), RIGHT), ""]
    return parts


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


def compare_notes(plans: Sequence[tuple[str, Plan]], *, explain: bool = False) -> list[str]:
    """What stands above the comparison: what all sets take for granted, then what one does alone."""
    common = [line for line in plans[0][1].assumptions if all(line in plan.assumptions for _, plan in plans)]
    own = [f"{name}: {line}" for name, plan in plans for line in plan.assumptions if line not in common]
    unknown = [f"  - {name}: {line}" for name, plan in plans for line in plan.unknown]
    found = [f"{name}: {line}" for name, plan in plans for line in plan.left_out]
    found += ["NOT COMPLETE: a part of these prices is unknown.", *unknown] if unknown else []
    return [*found, ROUNDING, *explained(common + own, explain=explain)]


def compare_text(plans: Sequence[tuple[str, Plan]], *, explain: bool = False) -> str:
    """Several API sets side by side in plain text, the prices last."""
    parts = [title(plans[0][1]), *compare_notes(plans, explain=explain), ""]
    return "\n".join([*parts, table(COMPARE, compare_rows(plans), RIGHT)])


def csv_rows(plans: Iterable[tuple[str, Plan]]) -> Iterator[tuple[str, ...]]:
    """A row per API, meter, month and tier, then each set's total, by CSV. Exact, nothing rounded."""
    for name, plan in plans:
        months: list[tuple[str, tuple[PlanLine, ...]]] = [(month.month, month.lines) for month in plan.months]
        for month, lines in months or [("", plan.lines)]:
            for line in lines:
                api = f"{line.api} in {plan.where(line.place)}" if plan.places else line.api
                head = (name, month, api, line.operation, line.meter, line.unit)
                for tier in line.tiers:
                    usd = money(tier.usd) or "unknown"
                    yield (*head, str(number(tier.units)), money(tier.usd_each) or "unknown", usd, tier.confidence)
                if line.open:
                    yield (*head, "unknown", "", "unknown", line.open)
        total = money(plan.total) or "unknown"
        yield (name, "", "total", "", "", "", "", "", total, "complete" if plan.complete else "not complete")


def left_out(counts: Counts) -> Iterator[str]:
    """`3 hidden`, `2 unsupported-codec: hevc (61.5 minutes)`."""
    for reason, items in sorted(counts.skipped.items()):
        if reason == Code.AS_FRAMES:  # told above
            continue
        ms = counts.left_out_ms.get(reason)
        yield f"{items:,} {reason}" + (f" ({count(minutes(ms))} minutes)" if ms else "")


def _duration(plan: Plan) -> Iterator[str]:
    """By what is slowest: the jobs of stored video, or the calls of one operation; with --near after comparing."""
    jobs, takes = plan.video_jobs, duration(plan.duration_s)
    after = f", after {duration(plan.counts.near_s)} of comparing pictures (--near)" if plan.counts.near_s else ""
    if plan.emulated_s is not None:
        yield f"Duration: about {takes}, as fast as the bundled emulator is on this machine{after}"
        return
    if plan.first and plan.asking_s == plan.first.seconds:
        yield f"Duration: about {takes}, as fast as the bundled models are on this machine{after}"
        return
    slowest = max(plan.rates, key=lambda rate: rate.seconds or 0, default=None)
    if jobs and plan.asking_s == jobs.seconds:
        yield f"Duration: about {takes} ({many(jobs.jobs, 'video job')}, {jobs.at_once} at a time){after}"
    elif slowest is not None and slowest.calls:
        by = f" ({slowest.operation} at {slowest.tps:g}/s)" if slowest.tps and plan.duration_s is not None else ""
        yield f"Duration: {takes}{by}{after}"


def _both(plan: Plan) -> list[str]:
    return table(both_ways.HEADER, both_ways.rows(plan.both), both_ways.RIGHT).splitlines()


def _usd(lines: Iterable[PlanLine]) -> Decimal | None:
    return known_total(line.usd for line in lines)


def _units(lines: Sequence[PlanLine]) -> str:
    """Those of an API on its first meter, at all places."""
    units = sum((line.units for line in lines if line.meter == lines[0].meter), Decimal(0))
    return f"{count(units)} {lines[0].unit if units == 1 else f'{lines[0].unit}s'}"


def _line(plan: Plan, line: PlanLine) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    name = f"{line.api} in {plan.where(line.place)}" if plan.places else line.api
    for tier in line.tiers:
        what = (name, line.meter) if not found else ("", "")
        found.append((*what, count(tier.units), each(tier.usd_each), dollars(tier.usd), tier.confidence))
    if line.open:
        found.append((name, line.meter, "unknown", "", "unknown", ""))
    return found or [(name, line.meter, "0", "", dollars(Decimal(0)), "")]
