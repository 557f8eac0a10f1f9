"""The cap of a home for a calendar month, as commands see and change it.

Rule: what is changed is written down first and then told to the jobs that run.
"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from jobs.costs.month_cap import MonthCap, hold, month_cap
from jobs.errors import RekscanError
from jobs.folder.home import read_home, write_home
from jobs.money.months import month_of
from jobs.plan.values import Plan
from jobs.words import dollars
from rekscan.scans.engine import ledger
from rekscan.scans.who_answers import not_aws
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


def note(cap: MonthCap, plan: Plan) -> str:
    """What a plan says of it: the most it can cost, as what is known or broken costs nothing."""
    over = plan.total is not None and plan.total > cap.left
    return f"The jobs of this home together may cost {told(cap)}" + (". This scan may stop there." if over else ".")


def cap_of(settings: Settings, *, local: bool) -> MonthCap | None:
    """This month's, of what would be asked; None where there is none, or AWS does not answer."""
    if not_aws(settings, local=local) or read_home(settings.home, settings.aws).month_cap is None:
        return None
    return months_cap(settings)


def said_of_month(plan: Plan, settings: Settings, *, local: bool) -> tuple[str, ...]:
    """What an estimate, which needs no Redis, says of it."""
    try:
        cap = cap_of(settings, local=local)
    except RekscanError as error:
        return (f"What is left of the home's cap for the month is not known: {error.what}",)
    return () if cap is None else (note(cap, plan),)


def refuse_over(cap: MonthCap | None, what: str, usd: Decimal | None) -> None:
    """Raises RekscanError where so much is not left, of what is nothing worth in part."""
    if cap is not None and (usd or 0) > cap.left:
        raise RekscanError(
            f"{what} costs {dollars(usd)}, and the jobs of this home together may cost {told(cap)}",
            "Ask for less, raise the cap with `rekscan cap --month DOLLARS`, or wait for the next month.",
        )
