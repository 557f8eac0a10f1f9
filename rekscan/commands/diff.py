"""`rekscan diff`: what is different between two jobs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jobs.errors import UsageError
from jobs.words import count, many, short
from rekscan.console.output import print_json, print_line
from rekscan.console.plan import stdout
from rekscan.scans.engine import find
from rekscan.settings import Connection, resolve
from reports.changes.compare import compared
from reports.changes.values import ApiChanges, Change, Changes
from reports.changes.writing import CSV, JSON, PAGE, write_csv, write_json
from reports.views.changes_page import render_changes

_PIPE = 140  # characters of a line with an item's name, in a pipe


def diff(
    before: Annotated[str, Parameter(help="Job id of the earlier job.")],
    after: Annotated[str, Parameter(help="Job id, or `last`.")] = "last",
    *,
    margin: Annotated[float, Parameter(help="Percent points a confidence may move without being told.")] = 5.0,
    out: Annotated[Path | None, Parameter(help=f"Write {CSV}, {JSON} and {PAGE} into this directory.")] = None,
    json: Annotated[bool, Parameter(negative=(), help="Print a JSON document.")] = False,
    connection: Connection | None = None,
) -> int:
    """What came, went and changed from one job to another: items, findings, confidences, model versions.

    Only items that both jobs have an answer on are compared. No call is made.

    Example: `rekscan diff 20261101-090000-aaaa last`
    """
    if not 0 <= margin <= 100:
        raise UsageError(f"--margin {margin:g}: no percent points", "Give a number from 0 to 100.")
    settings = resolve(connection)
    first, second = find(settings, before), find(settings, after)
    if first.job == second.job:
        raise UsageError(f"both are job {first.job}", "`rekscan jobs` lists those there are.")
    with compared(first, second, margin) as comparison:
        changes = comparison.changes()
        if out is not None:
            out.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_csv(out / CSV, comparison.rows())
            write_json(out / JSON, changes)
            (out / PAGE).write_text(render_changes(changes), encoding="utf-8", errors="replace")
    if json:
        print_json(changes.to_json(), exact=True)
        return 0
    console = stdout()
    for line in _lines(changes, console.width if console.is_terminal else _PIPE):
        print_line(line)
    for job, sample in changes.sampled.items():
        print_line(f"Job {job} is {sample}: what it did not draw counts as added or gone.")
    for name in (CSV, JSON, PAGE) if out is not None else ():
        print_line(f"{out}/{name}")
    return 0


def _lines(changes: Changes, wide: int) -> list[str]:
    """`wide`: characters that a line with an item's name may have."""
    items = ", ".join(f"{count(number)} {what}" for what, number in changes.items.items())
    text = [f"From {changes.before} to {changes.after}", f"Items: {items}"]
    for what, some in changes.samples.items():
        text += [short(f"  {what}: {one.uri}", wide) for one in some[:3]]
    for job, names in changes.alone.items():
        text += [f"Job {job} alone asked: {', '.join(names)}"] if names else []
    for api in changes.apis:
        text += ["", *_api(api, changes.margin, wide)]
    return text


def _api(api: ApiChanges, margin: float, wide: int) -> list[str]:
    alone = f"{count(api.only_before)} in the first alone, {count(api.only_after)} in the second alone"
    text = [f"{api.api}: {many(api.both, 'item')} answered in both; {alone}"]
    if api.other_model:
        was, now = map(", ".join, api.models)
        text.append(f"  another model: {was}, then {now}")
    text += ["  other parameters"] if api.other_parameters else []
    for what, kind in api.kinds.items():
        beyond = f" {api.beyond(margin)}" if what == "moved" else ""
        names = ", ".join(f"{short(name, 30)} {count(number)}" for name, number in list(kind.names.items())[:5])
        where = f"{count(kind.findings)} on {many(kind.items, 'item')}"
        text.append(f"  {what}{beyond}: {where}{f' ({names})' if names else ''}")
        for one in kind.samples[:3]:
            found, when = f"    {short(one.name, 30)}  ", _when(one)
            text.append(f"{found}{short(one.uri, max(20, wide - len(found) - len(when)))}{when}")
    return text


def _when(change: Change) -> str:
    """Where in a film it was, and is, first seen."""
    was, now = change.places
    return f"  at {f'{was}, then {now}' if was and now and was != now else was or now}" if was or now else ""
