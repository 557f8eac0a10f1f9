"""Jobs as a person sees them: a table on a terminal, a line each in a pipe.

Rule: what nobody knows is said to be unknown: a job whose scan was killed, with nothing in its folder yet, is not at 0.
"""

from collections.abc import Mapping

from jobs.folder import JobSpec
from jobs.folder.whose import AWS
from jobs.status import INTERRUPTED, MEASURED, Status, done
from jobs.words import count, dollars, duration, short

JOBS = ("Job", "Started", "State", "Done", "Spent", "Source")
STATUS = ("API", "Done", "OK", "Skipped", "Failed")
RIGHT = ("Spent", "OK", "Skipped", "Failed")
WHOLE = ("Job", "Started", *RIGHT)  # columns that are never broken
WIDE = 100  # columns of a terminal that has room for sources
UNKNOWN = "unknown until resumed"


def is_unknown(status: Status) -> bool:
    """Whether neither Redis nor the folder knows how far the job is: what it did was in a Redis that is gone."""
    return status.reason == INTERRUPTED and not status.done and not status.calls["maybe_billed"]


def job_row(spec: JobSpec, status: Status) -> tuple[str, ...]:
    """By JOBS. Times are UTC."""
    started = spec.created_at[5:16].replace("T", " ")  # the year is in the id
    waits = f", waits for {status.waits_for}" if status.waits_for else ""
    source = short(source_of(spec), 60)
    return (status.job, started, _state(status) + waits, progress(status), _spent(status), source)


def source_of(spec: JobSpec) -> str:
    """What a job asks about: its sources, or a sample of them."""
    sources = ", ".join(spec.sources)
    return f"{spec.sample.drawn:,} of {spec.sample.whole:,} images of {sources}" if spec.sample else sources


def status_rows(status: Status) -> list[tuple[str, ...]]:
    """By STATUS: each API, then all."""
    if is_unknown(status):
        return [(name, f"?/{count(calls['planned'])}", "", "", "") for name, calls in status.by_api.items()]
    rows = [*status.by_api.items(), *([("all", status.calls)] if len(status.by_api) > 1 else [])]
    return [(name, _of(calls), *(count(calls[what]) for what in ("ok", "skipped", "failed"))) for name, calls in rows]


def status_notes(status: Status) -> list[str]:
    """What stands above and below that table: state, money, time, what it waits for, what to do."""
    found = [f"{status.job}  {_state(status)}", f"Cost     {UNKNOWN if is_unknown(status) else cost_of(status)}"]
    if status.answered_by != AWS:
        found.append(f"Asked    {status.answered_by}, not AWS")
    if status.eta_s is not None:
        rate = "rate so far" if status.eta_by == MEASURED else "planned rate"
        found.append(f"To go    {duration(status.eta_s)} at the {rate} of the slowest API")
    if status.waits_for:
        found.append(f"Waits    for {status.waits_for}")
    if status.without:
        found.append(f"Without  {status.without}: the other Regions take its calls")
    if status.by_region:
        found.append(f"Regions  {regions_of(status)}")
    for name, calls in status.by_api.items():
        if not_asked := calls.get("not_asked", 0):
            of = f"{count(not_asked)} of {count(calls['planned'])} of {name}"
            found.append(f"Not asked {of}: its condition did not hold, or could not be decided (see `rekscan costs`)")
    found += [f"First    {line}" for line in looks_of(status)]
    if status.throttled:
        found.append(f"Refused  {count(status.throttled)} requests as too fast; they were asked again")
    return [*found, status.do] if status.do else found


def progress(status: Status) -> str:
    """Calls: `labels 45/156` and `faces 156/156`, a line each; `312/312`, all, where they are as far as one another."""
    if is_unknown(status):
        return UNKNOWN
    each = {name: _of(calls) for name, calls in status.by_api.items()}
    if len(set(each.values())) == 1:
        return _of(status.calls)
    return "\n".join(f"{name} {done}" for name, done in each.items())


def status_line(status: Status) -> str:
    """One line for `status` and `jobs` in a pipe."""
    calls = status.calls
    parts = [status.job, _state(status)]
    parts += [UNKNOWN] if is_unknown(status) else [*calls_of(calls), cost_of(status)]
    if status.throttled:
        parts.append(f"{status.throttled:,} throttled")
    if status.by_region:
        parts.append(regions_of(status))
    if status.waits_for:
        parts.append(f"waits for {status.waits_for}")
    if status.without:
        parts.append(f"goes on without {status.without}")
    if status.do:
        parts.append(status.do)
    return "  ".join(parts)


def calls_of(calls: Mapping[str, int]) -> list[str]:
    not_asked = calls.get("not_asked", 0)
    return [
        f"{_of(calls)} done",
        f"{calls['ok']:,} ok",
        f"{calls['skipped']:,} skipped",
        f"{calls['failed']:,} failed",
        *([f"{not_asked:,} not asked"] if not_asked else []),
    ]


def regions_of(status: Status) -> str:
    """Calls paid for in each."""
    return ", ".join(f"{region} {calls['answered']:,}" for region, calls in status.by_region.items())


def looks_of(status: Status) -> list[str]:
    """What the bundled models looked at, which is no call of AWS's."""
    return [
        f"{name} looked at {count(looks['ok'])}/{count(looks['planned'])}, for nothing"
        + "".join(f", {count(looks[what])} {what}" for what in ("skipped", "failed") if looks[what])
        for name, looks in status.first.items()
    ]


def cost_of(status: Status) -> str:
    """What was paid of what was planned; of answers that AWS did not give, what it would have been."""
    nothing = "" if status.answered_by == AWS else "nothing was paid; AWS would take "
    text = nothing + f"{dollars(status.usd.get('actual'))} of {dollars(status.usd.get('planned'))} planned"
    return text + (f", {dollars(status.usd.get('maybe'))} maybe billed on top" if status.calls["maybe_billed"] else "")


def _spent(status: Status) -> str:
    if is_unknown(status):
        return UNKNOWN.split()[0]
    return dollars(status.usd.get("actual")) if status.answered_by == AWS else "nothing"


def _state(status: Status) -> str:
    return f"{status.state} ({status.reason})" if status.reason else status.state


def _of(calls: Mapping[str, int]) -> str:
    return f"{done(calls):,}/{calls['planned']:,}"
