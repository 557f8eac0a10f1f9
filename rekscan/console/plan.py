"""Showing a plan: tables with colours on a terminal, plain text anywhere else. The same rows either way."""

import sys
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table

from jobs.plan import text as plan_text
from jobs.plan.build import Plan
from jobs.redact import redact
from jobs.words import visible_lines
from rekscan.console.output import Terminal

_LEAST, _GAP = 8, "  "  # characters of a column that may be broken, what stands between two


def show_plan(
    plan: Plan, console: Terminal, *, brief: bool = False, explain: bool = False, beside: Sequence[str] = ()
) -> None:
    """The whole estimate: price per tier, months, duration, `beside` it what is on other bills, the price last.

    `brief`: before a question, which has the price."""
    notes = [*plan_text.notes(plan, brief=brief, explain=explain), *beside]
    price = [] if brief else plan_text.price(plan)
    if not console.is_terminal:
        lines = [*plan_text.above(plan), *notes, *(["", *price] if price else [])]
        console.file.write(visible_lines(redact("\n".join(lines))) + "\n")
        return
    console.print(plan_text.title(plan), style="bold")
    for line in plan_text.head(plan):
        console.print(line)
    console.print(fitting(console.width, plan_text.HEADER, plan_text.rows(plan)))
    if plan.months:
        console.print("By calendar month", style="bold")
        console.print(fitting(console.width, plan_text.MONTHS, plan_text.month_rows(plan)))
    for line in notes:
        console.print(line, style="bold red" if line.startswith("NOT COMPLETE") else None)
    for number, line in enumerate(price):
        console.print(line if number else f"\n{line}", style=None if number else "bold")


def show_plans(plans: Sequence[tuple[str, Plan]], console: Terminal, *, explain: bool = False) -> None:
    """Several API sets side by side."""
    if not console.is_terminal:
        console.file.write(visible_lines(redact(plan_text.compare_text(plans, explain=explain))) + "\n")
        return
    console.print(plan_text.title(plans[0][1]), style="bold")
    for line in plan_text.compare_notes(plans, explain=explain):
        console.print(line, style="bold red" if line.startswith("NOT COMPLETE") else None)
    console.print(fitting(console.width, plan_text.COMPARE, plan_text.compare_rows(plans)))


def fitting(
    width: int,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str] = plan_text.RIGHT,
    whole: Sequence[str] = plan_text.RIGHT,
) -> Table | str:
    """A table; on a terminal that is too narrow for it the cells of each row under one another, so that no number is
    cut. `whole`: columns that are never broken over lines."""
    columns = zip(header, *rows, strict=True)
    least = sum(max(map(cell_len, cells)) if cells[0] in whole else _LEAST for cells in columns)
    if least + len(_GAP) * len(header) <= width:
        return rich_table(header, rows, right, whole)
    return "\n\n".join("\n".join(_under_one_another(header, row)) for row in rows)


def _under_one_another(header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    for name, cell in zip(header, row, strict=True):
        if cell:
            yield f"{name}: {cell.replace(chr(10), ', ')}"


def rich_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = (), whole: Sequence[str] = ()
) -> Table:
    """The same columns as `jobs.words.table`."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in whole, overflow="fold")
    for row in rows:
        style = "bold" if row[0].startswith("Total") else None
        table.add_row(*row, style=style)
    return table


def stdout() -> Terminal:
    """A console on the standard output of the moment."""
    return Terminal(file=sys.stdout)
