"""A stream: so many new images in each calendar month, beside an archive or alone, and the faces they leave. Pure.

Rule: months are those of AWS's bill; the first is the one that a plan starts in, and has the stream's whole number.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from jobs.errors import UsageError
from jobs.money.months import months_from, quantity

MOST_MONTHS = 1200


@dataclass(frozen=True, slots=True)
class MonthlyStream:
    """`images` in each of `months`. `faces_each`: faces that an image leaves in a collection, of an API that stores."""

    images: int
    months: int = 12
    faces_each: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if not 1 <= self.months <= MOST_MONTHS:
            raise UsageError(f"--months {self.months}: no number of months", f"Give 1 to {MOST_MONTHS:,}.")

    @property
    def total(self) -> int:
        return self.images * self.months

    def names(self, start: date) -> list[str]:
        """Its months: `2026-12`, ..."""
        return [month for month, _, _ in islice(months_from(start), self.months)]

    def days(self, start: date) -> int:
        """From the start to the end of its last month."""
        *_, (_, days, _) = islice(months_from(start), self.months)
        return days

    def added(self, units: Mapping[str, Decimal], start: date) -> dict[str, Decimal]:
        """The units of an archive by month, with the stream's; in order."""
        more = dict.fromkeys(self.names(start), Decimal(self.images))
        return {month: units.get(month, Decimal(0)) + more.get(month, 0) for month in sorted({*units, *more})}

    def kept(self, images: Iterable[tuple[str, Decimal]]) -> Iterator[tuple[str, Decimal]]:
        """Vector-months by month of what these images leave: all of earlier months, half of the month's own, since
        they come evenly."""
        before = Decimal(0)
        for month, count in images:
            yield month, quantity((before + count / 2) * self.faces_each, 1)
            before += count

    def to_json(self) -> dict[str, Any]:
        return {"images": self.images, "months": self.months}


def next_month(today: date) -> date:
    """The first day of the month after: where a plan of months starts when nobody says."""
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
