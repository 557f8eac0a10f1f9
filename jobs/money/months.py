"""Calendar months: how a long job, or something kept for days, spreads over the months AWS bills by.

Rule: months are UTC, as AWS's bills are; a job starts at midnight of its first day.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import floor

from jobs.errors import UsageError
from jobs.money.prices import EXACT

_DAY = 86_400  # seconds
FLAT_MONTH = 30  # days of a month when no start date is given; AWS's own examples of face storage use 30


def month_of(day: date) -> str:
    """`2026-11`."""
    return f"{day:%Y-%m}"


def months_from(start: date) -> Iterator[tuple[str, int, int]]:
    """(month, days of the job that end with it, days in the month), from `start` on, without end.

    Raises UsageError at the end of the calendar.
    """
    days = 0
    while True:
        length = monthrange(start.year, start.month)[1]
        days += length - start.day + 1
        yield month_of(start), days, length
        if (start.year, start.month) == (date.max.year, date.max.month):
            raise UsageError("this takes beyond the year 9999", "Give less, or a higher rate: --tps labels=50.")
        start = start.replace(day=1) + timedelta(days=length)


def by_rate(calls: int, tps: float, start: date) -> list[tuple[str, int]]:
    """How many of `calls` are made in each month at a steady rate (calls a second). Adds up to `calls`."""
    rate = Fraction(str(tps))
    spread: list[tuple[str, int]] = []
    done = 0
    for month, days, _ in months_from(start):
        if done == calls and spread:
            break
        reached = min(calls, floor(rate * days * _DAY))
        spread.append((month, reached - done))
        done = reached
    return spread


def by_days(kept: Decimal, days: Decimal, start: date | None) -> list[tuple[str, Decimal]]:
    """Unit-months of `kept` units stored for `days`, in each month: units x days kept / days of the month."""
    if start is None:
        return [("", quantity(kept * days, FLAT_MONTH))]
    spread: list[tuple[str, Decimal]] = []
    done = Decimal(0)
    for month, ends, length in months_from(start):
        if done == days and spread:
            break
        reached = min(days, Decimal(ends))
        spread.append((month, quantity(kept * (reached - done), length)))
        done = reached
    return spread


def by_time(units: Decimal, seconds: float, start: date) -> list[tuple[str, Decimal]]:
    """How many of `units` fall into each month if they are made evenly in so many seconds. Adds up to `units`."""
    spread: list[tuple[str, Decimal]] = []
    done = Decimal(0)
    for month, days, _ in months_from(start):
        if done == units and spread:
            break
        passed = days * _DAY
        reached = units if passed >= seconds else quantity(units * passed, Decimal(str(seconds)))
        spread.append((month, reached - done))
        done = reached
    return spread


def quantity(units: Decimal, divisor: int | Decimal) -> Decimal:
    """A part of a unit, to nine decimals (half up): a quantity, so the money made of it is still exact."""
    with localcontext(EXACT) as context:
        context.rounding = ROUND_HALF_UP
        return (units / divisor).quantize(Decimal("0.000000001"))
