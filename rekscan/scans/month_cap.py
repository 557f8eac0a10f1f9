"""The cap of a home for a calendar month, as commands see and change it.

Rule: what is changed is written down first and then told to the jobs that run.
"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from jobs.costs.month_cap import MonthCap, hold, month_cap
from jobs.folder.home import read_home, write_home
from jobs.money.months import month_of
from jobs.words import dollars
from rekscan.scans.engine import ledger
from rekscan.settings import Settings


def months_cap(settings: Settings, month: str | None = None, *, usd: Decimal | None = None) -> MonthCap | None:
    """What a month (None: this one) has taken of the home's cap, or of `usd`; None where there is none."""
    return month_cap(settings.home, settings.aws, ledger(settings), month or month_of(datetime.now(UTC).date()), usd)


def set_cap(settings: Settings, usd: Decimal | None) -> None:
    """From here on no job of the home passes it, those that run neither. None: there is no cap any more."""
    records = ledger(settings)
    write_home(settings.home, replace(read_home(settings.home, settings.aws), month_cap=usd), settings.aws)
    if records is not None:
        hold(records, settings.home, settings.aws, usd)


def told(cap: MonthCap) -> str:
    """`$500.00 a calendar month: $123.40 of 2026-11 is spent, $376.60 is left`"""
    spent = f"{dollars(cap.spent)} of {cap.month} is spent, {dollars(cap.left)} is left"
    return f"{dollars(cap.usd)} a calendar month: {spent}"


def note(cap: MonthCap, price: Decimal | None) -> str:
    """What a plan says of it. `price`: of the scan."""
    over = price is not None and price > cap.left
    return f"The jobs of this home together may cost {told(cap)}" + (". This scan stops there." if over else ".")
