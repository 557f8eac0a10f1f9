"""Showing a reckoning: tables that fit a terminal, plain text anywhere else. The same rows either way."""

from collections.abc import Sequence

from rich.table import Table

from jobs.costs.text import Columns, Part, text
from jobs.redact import redact
from jobs.words import visible_lines
from rekscan.console.output import Terminal
from rekscan.console.plan import fitting
from rekscan.console.status import WIDE


def show_parts(parts: Sequence[Part], console: Terminal) -> None:
    if not console.is_terminal:
        console.file.write(visible_lines(redact(text(parts))) + "\n")
        return
    for part in parts:
        console.print(part if isinstance(part, str) else _table(part, console.width))


def _table(part: Columns, width: int) -> Table | str:
    shown = part if width >= WIDE else part.narrow
    return fitting(width, shown.header, shown.rows, shown.right, ("Job", *shown.right))
