"""Money, numbers, sizes and time as people read them, foreign text made harmless, names cut short, plain tables.

Rule: only here is a value rounded for people, half up, and the same everywhere: on a terminal, on the page, in a table.
An amount under a dollar keeps four decimals, and one under half of their last is printed as it is, so that nothing paid
for ever reads $0.00.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from typing import Any

from jobs.money.prices import EXACT, money

ROUNDING = "Printed amounts are rounded half up, to cents from a dollar on; --json has them exact."
_CENTS, _SMALL = Decimal("0.01"), Decimal("0.0001")
_UNSEEN = (
    "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"  # no letter, nor what turns letters round
)
_CONTROLS = re.compile(f"[\x00-\x1f{_UNSEEN}]")
_CONTROLS_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSEEN}]")


def dollars(amount: Decimal | str | None) -> str:
    """`$1,200.00`, `$0.1473`, `$0.50`, `$0.00001`, `unknown`. A string is an amount as documents carry it."""
    if amount is None or amount == "":
        return "unknown"
    exact = Decimal(amount)
    if exact == 0 or abs(exact) >= 1:
        return f"${_rounded(exact, _CENTS):,}"
    return each(_rounded(exact, _SMALL) if abs(exact) >= _SMALL / 2 else exact)


def each(price: Decimal | None) -> str:
    """A unit price, never rounded: `$0.0008`, `$0.10`."""
    if price is None:
        return "unknown"
    cents = _rounded(price, _CENTS)
    return f"${cents}" if cents == price else f"${money(price)}"


def count(value: Decimal | float, places: int = 3) -> str:
    """`2,500,000`, `1.5`; parts of a whole to so many decimals."""
    rounded = _rounded(Decimal(str(value)), Decimal(1).scaleb(-places))
    whole, _, part = f"{rounded:,f}".partition(".")
    return f"{whole}.{part.rstrip('0')}".rstrip(".")


def many(number: int, what: str) -> str:
    """`1 video`, `2,000 videos`."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def size(amount: float) -> str:
    """`900 B`, `1.2 MB`, `3 GB`: bytes, in thousands."""
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{count(amount, 1)} {unit}"
        amount /= 1000
    return f"{count(amount, 1)} TB"


def duration(seconds: float | None) -> str:
    """`4.2 s`, `48 s`, `2 min`, `13 h 53 min`, `11 d 14 h`."""
    if seconds is None:
        return "unknown"
    if seconds < 59.5:
        return f"{count(seconds, 1 if seconds < 10 else 0)} s"
    minutes = int(_rounded(Decimal(str(seconds)) / 60, Decimal(1)))
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days:,} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def clock(ms: int) -> str:
    """`0:07`, `12:30`, `1:02:03`: a place in a film."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def visible(text: str) -> str:
    """On one line: control characters and direction marks as signs, so that a name cannot steer a terminal, break a
    line, or hide or turn its end."""
    return _CONTROLS.sub(_sign, text)


def visible_lines(text: str) -> str:
    """The same for text of several lines and columns: newlines and tabs stay."""
    return _CONTROLS_IN_LINES.sub(_sign, text)


def short(text: Any, length: int) -> str:
    """At most `length` characters, the middle left out; control characters made visible."""
    shown = visible(str(text))
    half = (length - 1) // 2
    return shown if len(shown) <= length else f"{shown[:half]}…{shown[-half:]}"


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`Did you mean labels? `, "" where no name is near. Whatever the case."""
    spelled = {name.lower(): name for name in names}
    near = get_close_matches(word.lower(), spelled, 1)
    return f"Did you mean {spelled[near[0]]}? " if near else ""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Columns in plain text, two spaces apart; those named in `right` are flush right."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, header, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, rounding=ROUND_HALF_UP, context=EXACT)


def _sign(control: re.Match[str]) -> str:
    return chr(0x2400 + ord(control[0])) if control[0] < " " else "\N{REPLACEMENT CHARACTER}"
