"""Showing a plan: tables with colours on a terminal, plain text anywhere else. The same rows either way."""

import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from jobs.plan import text as plan_text
from jobs.plan.build import Plan
from jobs.redact import redact
from jobs.words import visible_lines
from rekscan.console.output import Terminal


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
    console.print(rich_table(plan_text.HEADER, plan_text.rows(plan)))
    if plan.months:
        console.print("By calendar month", style="bold")
        console.print(rich_table(plan_text.MONTHS, plan_text.month_rows(plan)))
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
    console.print(rich_table(plan_text.COMPARE, plan_text.compare_rows(plans)))


def rich_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str] = plan_text.RIGHT,
    whole: Sequence[str] = plan_text.RIGHT,
) -> Table:
    """The same columns as `jobs.words.table`. `whole`: never broken over lines."""
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
