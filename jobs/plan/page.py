"""An estimate as one page to send to whoever pays: what, how many, price by API and month, what it rests on. Pure.

Rule: its parts are values, so that Markdown (here) and HTML (reports/views/estimate_page.py) say the same.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jobs.money.prices import known_total
from jobs.plan import both_ways, by_regions, text
from jobs.plan.values import Plan, PlanMonth
from jobs.redact import redact
from jobs.words import ROUNDING, dollars, visible

PRICING = "https://aws.amazon.com/rekognition/pricing/"
_MARKS = re.compile(r"([\\`*_\[\]<>|#~])")

Table = tuple[Sequence[str], Sequence[Sequence[str]]]  # header and rows


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with sentences, then a table."""

    title: str
    lines: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class PricePage:
    """`title`: what is priced. `price`: dollars, and what for. `numbers`: columns that are flush right."""

    title: str
    price: str
    parts: tuple[Part, ...]
    made: date
    numbers: frozenset[str]


def page_of(plan: Plan, *, sources: Sequence[str], beside: Sequence[str], made: date) -> PricePage:
    """`sources`: what was listed; `beside`: what is on other bills."""
    header, rows = _by_month(plan.months)
    return PricePage(
        title=f"Amazon Rekognition: {text.title(plan)}",
        price=text.price(plan)[0],
        parts=tuple(_parts(plan, sources, beside, (header, rows))),
        made=made,
        numbers=frozenset((*text.RIGHT, *both_ways.RIGHT, *by_regions.RIGHT, *header[1:])),
    )


def _parts(plan: Plan, sources: Sequence[str], beside: Sequence[str], months: Table) -> Iterator[Part]:
    listed = (f"Source: {', '.join(visible(redact(source)) for source in sources)}",) if sources else ()
    yield Part("Price", (*listed, *text.head(plan)), (text.HEADER, text.rows(plan)))
    if plan.months:
        yield Part("By calendar month", table=months)
    if plan.both:
        yield Part(
            "Frames or the whole film", (both_ways.title(plan.counts),), (both_ways.HEADER, both_ways.rows(plan.both))
        )
    if plan.by_regions:
        yield Part("Regions side by side", table=(by_regions.HEADER, by_regions.rows(plan.by_regions)))
    notes = [line for line in text.notes(plan, brief=True, both=False) if line != ROUNDING]
    said = "\n".join((*notes, *beside)).splitlines()
    yield Part("Notes", tuple(line.strip().removeprefix("- ") for line in said if line.strip()))
    yield Part("What it rests on", tuple(text.below(plan)))
    yield Part("Sources", tuple(_sources(plan)))


def _by_month(months: Sequence[PlanMonth]) -> Table:
    """Dollars of each API in each month, and their sums."""
    apis = list(dict.fromkeys(line.api for month in months for line in month.lines))
    rows = [(month.month, *_amounts(month, apis), dollars(month.usd)) for month in months]
    sums = [known_total(line.usd for month in months for line in month.lines if line.api == api) for api in apis]
    total = ("Total", *map(dollars, sums), dollars(known_total(month.usd for month in months)))
    return ("Month", *apis, "All"), [*rows, total] if rows else rows


def _amounts(month: PlanMonth, apis: Iterable[str]) -> Iterator[str]:
    for api in apis:
        lines = [line.usd for line in month.lines if line.api == api]
        yield dollars(known_total(lines) if lines else Decimal(0))


def _sources(plan: Plan) -> Iterator[str]:
    yield f"Prices: {plan.prices.source}, {plan.prices.as_of}. AWS's own page: {PRICING}"
    if plan.rates:
        yield f"Quotas: {plan.quotas_source}, {plan.quotas_as_of}."
    yield ROUNDING.replace("--json has them exact", "nothing is rounded before")


def markdown(page: PricePage) -> str:
    """The page in GitHub's Markdown."""
    lines = [f"# {_plain(page.title)}", "", f"**{_plain(page.price)}**", "", f"Made on {page.made} by rekscan.", ""]
    for part in page.parts:
        if part.lines or part.table:
            lines += [f"## {part.title}", ""]
        lines += [f"- {_plain(line)}" for line in part.lines]
        if part.table:
            header, rows = part.table
            lines += [""] if part.lines else []
            lines += [_row(header), _row("--:" if name in page.numbers else "---" for name in header)]
            lines += [_row(map(_plain, row)) for row in rows]
        lines += [""]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(words: str) -> str:
    """Text that Markdown takes for nothing else; addresses stay links."""
    return _MARKS.sub(r"\\\1", visible(words))
