"""What a person reads when a scan ends: what was found, what failed and why, what it cost, where the tables are."""

from decimal import Decimal

from jobs.folder import JobFolder
from jobs.price_text import dollars
from jobs.progress import Status
from rekscan.output import print_line


def status_line(status: Status) -> str:
    """One line for `status` and `jobs`."""
    calls = status.calls
    parts = [
        status.job,
        status.state + (f" ({status.reason})" if status.reason else ""),
        f"{status.done:,}/{calls['planned']:,} calls",
        f"{calls['ok']:,} ok, {calls['skipped']:,} skipped, {calls['failed']:,} failed",
        f"{_usd(status, 'actual')} of {_usd(status, 'planned')}",
    ]
    if calls["maybe_billed"]:
        parts.append(f"{_usd(status, 'maybe')} maybe billed on top")
    if status.waits_for:
        parts.append(f"waits for {status.waits_for}")
    if status.do:
        parts.append(status.do)
    return "  ".join(parts)


def print_summary(folder: JobFolder, status: Status) -> None:
    print_line(status_line(status))


def _usd(status: Status, which: str) -> str:
    amount = status.usd.get(which)
    return dollars(Decimal(amount) if amount is not None else None)
