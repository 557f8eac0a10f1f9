"""`rekscan cap`: what all jobs of a home may cost in a calendar month, together."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jobs.errors import UsageError
from rekscan import flags
from rekscan.console.output import print_json, print_line
from rekscan.scans.month_cap import months_cap, set_cap, told
from rekscan.settings import Connection, resolve


def cap(
    *,
    month: Annotated[
        str | None, Parameter(help="Dollars a calendar month from now on; `none` takes the cap away.")
    ] = None,
    json: Annotated[bool, Parameter(negative=(), help="Print a JSON document.")] = False,
    connection: Connection | None = None,
) -> int:
    """What all jobs of a home that AWS answers may cost in a calendar month (UTC): set it, show it, take it away.

    No job passes it, wherever it runs. What it stops goes on with `rekscan resume`, next month or under a higher cap.

    Example: `rekscan cap --month 500 --home s3://bucket/jobs`
    """
    settings = resolve(connection)
    if month is not None:
        dollars = _dollars(month)
        _refuse_lost(settings.home)
        set_cap(settings, dollars)
    found = months_cap(settings)
    if json:
        print_json({"home": settings.home, "month_cap": found.to_json() if found else None})
    elif found is None:
        print_line(f"{settings.home} has no cap for a month. `rekscan cap --month 500` sets one.")
    else:
        print_line(f"The jobs of {settings.home} together may cost {told(found)}.")
    return 0


def _refuse_lost(home: str) -> None:
    """Raises UsageError for a home that nobody can have meant: there is not even a folder to make it in."""
    folder = None if home.startswith("s3://") else Path(home).absolute().parent
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{home} is no home, and there is no folder {folder} to make one in", "Name another --home.")


def _dollars(month: str) -> Decimal | None:
    """None: none. Raises UsageError for what is no cap."""
    if month == "none":
        return None
    try:
        return flags.cap(Decimal(month), "--month")
    except InvalidOperation:
        raise UsageError(f"--month {month}: not dollars", "Write --month 500, or --month none.") from None
