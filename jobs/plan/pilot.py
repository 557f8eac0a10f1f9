"""What a paid pilot of a few items says of the whole source: shares and means with 95 % intervals. Pure.

Rule: what is not known stays an interval (`jobs.intervals`), and where nothing was found it says how much there may be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from jobs.intervals import Interval, mean, share
from jobs.money.prices import PriceTable, money
from jobs.plan.cascade import expected_usd, paid_shares
from jobs.plan.shares import percent
from jobs.plan.values import Plan
from jobs.words import count, dollars, table

HEADER = ("API", "Calls", "Answered", "Skipped", "Failed", "Altered", "Found per image")


@dataclass(frozen=True, slots=True)
class ApiSample:
    """What became of one API's calls in the pilot. `found`: rows of the API's table per answered image."""

    api: str
    ok: int
    skipped: int
    failed: int
    altered: int  # of `ok`: the picture was converted or shrunk before it was sent
    found: tuple[int, ...]
    vectors: tuple[int, ...] = ()  # face vectors stored per answered image, of an API that stores them
    inherits: bool = False  # a picture may take the answer of one that looks like it
    followers: int = 0  # of the calls: on pictures that would
    followers_ok: int = 0  # of `ok`

    @property
    def calls(self) -> int:
        return self.ok + self.skipped + self.failed

    def paid(self, plan: Plan) -> Interval:
        """The share of the plan's calls that are answered: it has none on pictures that take the answers of others."""
        asked = plan.asked_of(inherits=self.inherits)
        return share(self.ok - self.followers_ok, self.calls - self.followers, asked)

    def finds(self, images: int) -> Interval:
        """Of the images that would be answered, those with rows."""
        return share(sum(rows > 0 for rows in self.found), len(self.found), self._answered(images))

    def mean_of(self, values: Sequence[int], images: int) -> Interval:
        """For each image that would be answered."""
        return mean(values, self._answered(images))

    def _answered(self, images: int) -> int:
        """At most: those that were, and all that were not asked about."""
        return self.ok + max(0, images - self.calls)


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars with the bounds of the sample's interval; None where a price is unknown."""

    low: Decimal | None
    expected: Decimal | None
    high: Decimal | None

    def to_json(self) -> dict[str, str | None]:
        return {"low": money(self.low), "expected": money(self.expected), "high": money(self.high)}


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """The plan of the whole source as the pilot corrects it."""

    job: str
    items: int  # images in the pilot
    of: int  # images in the source
    apis: tuple[ApiSample, ...]
    usd: Money
    vectors_a_month: Interval | None  # face vectors the whole source would store
    vectors_usd: Money | None  # what they cost a month

    def to_json(self) -> dict[str, Any]:
        """The `sample` part of `estimate --json`."""
        return {
            "job": self.job,
            "items": self.items,
            "of": self.of,
            "confidence": 0.95,
            "apis": [self._row(row) for row in self.apis],
            "usd": self.usd.to_json(),
            "vectors": self.vectors_a_month.to_json() if self.vectors_a_month else None,
            "vectors_usd_a_month": self.vectors_usd.to_json() if self.vectors_usd else None,
        }

    def _row(self, row: ApiSample) -> dict[str, Any]:
        parts = {"answered": row.ok, "skipped": row.skipped, "failed": row.failed, "altered": row.altered}
        shares = {name: share(number, row.calls, self.of).to_json() for name, number in parts.items()}
        many = {"found_per_image": row.mean_of(row.found, self.of).to_json(), "finds": row.finds(self.of).to_json()}
        return {"api": row.api, "calls": row.calls, **shares, **many}


def extrapolate(plan: Plan, job: str, apis: Iterable[ApiSample], prices: PriceTable) -> Extrapolation:
    """The whole source's price with the pilot's share of answered calls in place of "every image is sent"."""
    rows = tuple(apis)
    whole = plan.counts.images
    shares = {row.api: row.paid(plan) for row in rows} | paid_shares(plan)
    usd = Money(*expected_usd(plan, shares))
    stored = [row for row in rows if row.vectors]
    vectors = None
    if stored:
        each, answered = stored[0].mean_of(stored[0].vectors, whole), shares[stored[0].api]
        vectors = Interval(
            each.low * answered.low * whole, each.value * answered.value * whole, each.high * answered.high * whole
        )
    items = max((row.calls for row in rows), default=0)
    return Extrapolation(job, items, whole, rows, usd, vectors, _vectors_usd(plan.region, prices, vectors))


def text(found: Extrapolation) -> str:
    """The pilot as a table, and the price it leads to."""
    rows = [
        (
            row.api,
            count(row.calls),
            *(_percent(share(n, row.calls, found.of)) for n in (row.ok, row.skipped, row.failed, row.altered)),
            _found(row, found.of),
        )
        for row in found.apis
    ]
    usd = found.usd
    parts = [f"Pilot of {count(found.items)} of {count(found.of)} images (job {found.job}), with 95 % intervals", ""]
    parts += [table(HEADER, rows, HEADER[1:]), ""]
    ends = f", {dollars(usd.low)} to {dollars(usd.high)}" if usd.low != usd.high else ""
    parts.append(f"All images: {dollars(usd.expected)} expected{ends}")
    if found.vectors_a_month and found.vectors_usd:
        many = found.vectors_a_month
        most = f"{many.high:,.0f}" if isfinite(many.high) else "any number"
        price = dollars(found.vectors_usd.expected)
        parts.append(f"Face vectors stored: {many.value:,.0f} ({many.low:,.0f} to {most}), {price} a month on top")
    return "\n".join(parts)


def _vectors_usd(region: str, prices: PriceTable, vectors: Interval | None) -> Money | None:
    if vectors is None:
        return None
    ends = (vectors.low, vectors.value, vectors.high)
    known = [None if not isfinite(end) else prices.price("face-vectors", region, round(end)).usd for end in ends]
    return Money(*known)


def _percent(interval: Interval) -> str:
    """`90 % (83 to 95)`; what is certain alone."""
    low, value, high = (percent(end) for end in (interval.low, interval.value, interval.high))
    return (
        value if interval.low == interval.high else f"{value} ({low.removesuffix(' %')} to {high.removesuffix(' %')})"
    )


def _found(row: ApiSample, images: int) -> str:
    """Rows for each image answered; where there are none, on how many there may be some."""
    if not any(row.found):
        most = row.finds(images).high
        return f"none, so on at most {percent(most)}" if most else "none"
    each = row.mean_of(row.found, images)
    if each.low == each.high:
        return f"{each.value:.1f}"
    ends = f"({each.low:.1f} to {each.high:.1f})" if isfinite(each.high) else "on each asked"
    return f"{each.value:.1f} {ends}"
