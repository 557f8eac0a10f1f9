"""Money, units and time as people read them, and tables in plain text.

Rule: only here is money rounded: half up, to cents, when it is printed. An amount under half a cent is printed as it
is, so that nothing paid for ever reads $0.00.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from jobs.money.prices import EXACT, money

CENTS = Decimal("0.01")
ROUNDING = "Printed amounts are rounded half up to cents; --json has them exact."


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to cents."""
    return amount.quantize(CENTS, rounding=ROUND_HALF_UP, context=EXACT)


def dollars(amount: Decimal | None) -> str:
    """`$1,200.00`, `$0.0042`, `unknown`."""
    if amount is None:
        return "unknown"
    if 0 < amount < CENTS / 2:
        return f"${money(amount)}"
    return f"${cents(amount):,}"


def each(price: Decimal | None) -> str:
    """A unit price, never rounded: `$0.0008`, `$0.10`."""
    if price is None:
        return "unknown"
    return f"${cents(price)}" if cents(price) == price else f"${money(price)}"


def count(units: Decimal | int) -> str:
    """`2,500,000`, `1.5`; parts of a unit to three decimals."""
    value = Decimal(units)
    if value == value.to_integral_value():
        return f"{int(value):,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def duration(seconds: float | None) -> str:
    """`2 min`, `13 h 53 min`, `11 d 14 h`."""
    if seconds is None:
        return "unknown"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days:,} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Columns in plain text, two spaces apart; those named in `right` are flush right."""
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, header, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
