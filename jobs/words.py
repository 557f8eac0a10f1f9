"""Money, units and time as people read them, and tables in plain text.

Rule: only here is money rounded: half up, to cents, when it is printed. An amount under half a cent is printed as it
is, so that nothing paid for ever reads $0.00.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

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


def size(value: int) -> str:
    amount = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def short(text: Any, length: int) -> str:
    """At most `length` characters, the middle left out; control characters made visible."""
    shown = "".join(_visible(char) for char in str(text))
    half = (length - 1) // 2
    return shown if len(shown) <= length else f"{shown[:half]}…{shown[-half:]}"


def _visible(char: str) -> str:
    """Control characters and direction marks as signs, so that a name cannot hide or turn its end."""
    if char < " ":
        return chr(0x2400 + ord(char))
    return "\N{REPLACEMENT CHARACTER}" if char == "\x7f" or char in _TURNS or "\ud800" <= char <= "\udfff" else char


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


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
