"""The status of a job: what is planned, what became of it, what it cost, and what it waits for.

While a job lives its counters are the ledger's; when it is over, or Redis knows nothing of it, those of its folder.
Rule: what is kept in the folder is counted again when parts came after it: a worker may wake up late.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jobs import costs, documents
from jobs.apis import requests
from jobs.folder import JobFolder, JobSpec
from jobs.folder.part_names import fingerprint
from jobs.folder.whose import AWS, whose
from jobs.money.prices import money
from jobs.pools import OWN, at, place_of
from jobs.redact import redact

if TYPE_CHECKING:
    from jobs.ledger import Ledger

STATUS = "reports/status.json"  # in a job's folder: its last status, once no Redis knows the job
STARTING = "starting"  # a process is about to put it on the table
INTERRUPTED = "interrupted"  # no Redis knows the job, and it is not finished
DONE = ("ok", "skipped", "failed", "not_asked")  # what becomes of a call: they add up to what was planned
MEASURED, PLANNED = "measured", "planned"
_SOON = 5.0  # seconds of a run until its rate tells more than the plan's
_COUNTED = (*DONE, "maybe_billed")
MONTH_CAP = "month-cap"  # the home's cap for a calendar month is reached (cost.lua)


@dataclass(frozen=True, slots=True)
class Status:
    """`status --json`. `calls` and each of `by_api`: planned, ok, skipped, failed, not_asked, maybe_billed. Each of
    `first`: planned, ok, skipped, failed; looks are no calls, and in no other number."""

    job: str  # the job's id
    state: str  # finished, incomplete, paused, blocked, cancelled, starting, running
    reason: str = ""  # why it is no further
    do: str = ""  # what a person can do about it
    by_api: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # calls: planned, ok, skipped, failed, ...
    usd: Mapping[str, str | None] = field(default_factory=dict)  # dollars: planned, actual, maybe; null: not known
    eta_s: float | None = None  # seconds to go, of a job that runs
    eta_by: str = ""  # what that goes by: the rate of this run so far (measured) or the planned one (since 2)
    waits_for: str = ""  # what it waits for, of a job that runs
    without: str = ""  # a Region that is not well, whose calls the others take (since 5)
    by_region: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # paid for at each place (since 5)
    throttled: int = 0  # requests that AWS refused as too fast
    answered_by: str = AWS  # AWS, the bundled emulator, or an endpoint's address: AWS alone is paid (since 2)
    parts: str = ""  # which result parts were counted, of a job that no Redis knows (since 2)
    first: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # looks of bundled models: no calls (since 4)

    @property
    def calls(self) -> dict[str, int]:
        names = ("planned", *_COUNTED)
        return {name: sum(calls.get(name, 0) for calls in self.by_api.values()) for name in names}

    @property
    def done(self) -> int:
        return sum(map(done, self.by_api.values()))

    @property
    def whole(self) -> bool:
        """Whether each call, and each look of the bundled models, has its outcome."""
        return all(done(calls) == calls["planned"] for calls in (*self.by_api.values(), *self.first.values()))

    def to_json(self) -> dict[str, Any]:
        """The document of `status --json`."""
        return {**documents.to_json(self), "calls": self.calls}


def done(calls: Mapping[str, int]) -> int:
    """Calls that have their outcome."""
    return sum(calls.get(name, 0) for name in DONE)  # a status of before 3 has no `not_asked`


def status(
    spec: JobSpec,
    counters: Mapping[str, int],
    state: str,
    *,
    reason: str = "",
    do: str = "",
    waits_for: str = "",
    without: str = "",
    ran_s: float = 0.0,
    before: Mapping[str, int] = MappingProxyType({}),
) -> Status:
    """A status from counters named as the ledger names them (`ok:labels`, `units:labels:2026-11`, ...).

    `ran_s`: seconds of the run under way; `before`: the counters when it began.
    """
    if (state, reason) == ("incomplete", "budget") and not do:
        do = f"`rekscan resume {spec.job} --max-cost DOLLARS` goes on under a higher cap."
    if (state, reason) == ("incomplete", MONTH_CAP) and not do:
        do = (
            f"`rekscan resume {spec.job}` goes on next month, or once `rekscan cap --month DOLLARS` has raised the cap."
        )
    tallies = costs.Tallies.of_counters(counters, spec.first_month)
    calls = {name: {n: getattr(row, n) for n in _COUNTED} for name, row in tallies.by_api().items()}
    nothing = dict.fromkeys(_COUNTED, 0)
    reason = redact(reason)
    counted = {
        choice.api.name: {"planned": spec.planned(choice), **calls.get(choice.api.name, nothing)}
        for choice in spec.asked
    }
    by_api = {choice.api.name: counted[choice.api.name] for choice in spec.choices}
    runs = state in ("running", "planned")
    eta, eta_by = _to_go(spec, by_api, ran_s, counters, before)
    return Status(
        job=spec.job,
        state=state,
        reason=reason,
        do=do,
        by_api=by_api,
        first={choice.api.name: _looks(counted[choice.api.name]) for choice in spec.first},
        usd=_usd(spec, tallies),
        answered_by=whose(spec),
        by_region=_by_region(spec, tallies),
        eta_s=round(eta, 1) if runs else None,
        eta_by=eta_by if runs else "",
        waits_for=waits_for,
        without=without,
        throttled=sum(n for name, n in counters.items() if name.startswith("throttled:")),
    )


def _looks(calls: Mapping[str, int]) -> dict[str, int]:
    """What becomes of a look: nobody bills it, and it waits for no condition."""
    return {name: calls[name] for name in ("planned", "ok", "skipped", "failed")}


def status_of(folder: JobFolder, ledger: "Ledger | None") -> Status:
    """The status of a job wherever it is known best."""
    spec = folder.spec
    fields = ledger.fields(spec.job) if ledger is not None and ledger.is_live(spec.job) else {}
    if ledger is not None and "state" in fields:  # unless Redis was wiped between the two looks
        ran_s, before = ledger.run(fields)
        without = _without(ledger, spec, fields)
        return status(
            spec,
            ledger.progress(spec.job),
            fields["state"],
            reason=fields.get("reason", ""),
            do=fields.get("do", ""),
            waits_for="" if without else _waits_for(ledger, spec.job, fields),
            without=without,
            ran_s=ran_s,
            before=before,
        )
    if ledger is not None and ledger.is_starting(spec.job):
        return status(spec, costs.counters(folder), STARTING)
    if (found := kept(folder)) is not None:
        return found
    return status(
        spec,
        costs.counters(folder),
        "incomplete",
        reason=INTERRUPTED,
        do=f"`rekscan resume {spec.job}` goes on where it stopped.",
    )


def keep(folder: JobFolder, found: Status) -> None:
    """Write the status of a job that no Redis will know into its folder."""
    found = replace(found, parts=fingerprint(folder.shard_parts()))
    folder.write(STATUS, documents.dump(found, calls=found.calls))


def kept(folder: JobFolder) -> Status | None:
    """The status written there last, None where there is none. Who answered, the job says: early ones did not."""
    data = folder.read(STATUS)
    if data is None:
        return None
    found = documents.load(Status, data, f"{STATUS} of job {folder.job}")
    if not found.parts or found.parts == fingerprint(folder.shard_parts()):
        return replace(found, answered_by=whose(folder.spec))
    again = status(folder.spec, costs.counters(folder), found.state, reason=found.reason, do=found.do)
    return replace(again, throttled=found.throttled)


def _to_go(
    spec: JobSpec,
    by_api: Mapping[str, Mapping[str, int]],
    ran_s: float,
    now: Mapping[str, int],
    before: Mapping[str, int],
) -> tuple[float, str]:
    """Seconds until the slowest API is done, and whose rate says so."""
    rates: dict[str, tuple[float | None, str]] = {}
    for choice in spec.apis:
        name = choice.api.name
        made = done(by_api[name]) - sum(before.get(f"{what}:{name}", 0) for what in DONE)
        measured = ran_s >= _SOON and made > 0
        rates[name] = (made / ran_s, MEASURED) if measured else (spec.tps(choice.api.operation), PLANNED)
    rates |= {one.api.name: _of_films(spec, one.api.name, ran_s, now, before) for one in spec.video_apis}
    left = {name: calls["planned"] - done(calls) for name, calls in by_api.items()}
    return max(((left[name] / rate, by) for name, (rate, by) in rates.items() if rate), default=(0.0, PLANNED))


def _of_films(
    spec: JobSpec, name: str, ran_s: float, now: Mapping[str, int], before: Mapping[str, int]
) -> tuple[float | None, str]:
    """Calls a second: no rate of starts, but how many run at once and how long; as planned, until as many have ended as
    run at once. The known took no time."""
    ended = sum(now.get(f"{what}:{name}", 0) - before.get(f"{what}:{name}", 0) for what in DONE)
    ended -= now.get(f"known:{name}", 0) - before.get(f"known:{name}", 0)
    if ended >= spec.options.video_jobs and ran_s >= _SOON:
        return ended / ran_s, MEASURED
    return (spec.films / spec.plan.duration_s if spec.plan.duration_s else None), PLANNED


def _by_region(spec: JobSpec, tallies: costs.Tallies) -> dict[str, dict[str, int]]:
    """What was paid for at each place of a job at several."""
    found: dict[str, dict[str, int]] = {}
    for place in (OWN, *(place.name for place in spec.places)) if spec.places else ():
        found[spec.where(place)] = {"answered": 0, "maybe_billed": 0}
    for (pool, _), row in tallies.rows.items() if found else ():
        of = found[spec.where(place_of(pool))]
        of["answered"] += row.units
        of["maybe_billed"] += row.maybe_billed
    return found


def _without(ledger: "Ledger", spec: JobSpec, fields: Mapping[str, str]) -> str:
    """The Region that a request is not asked in for now, while it is in another."""
    trouble = redact(fields.get("trouble", ""))
    if not (spec.places and trouble and fields["state"] == "running"):
        return ""
    name, _, place = trouble.partition(":")[0].partition("@")
    operation = next((r.operation for r in requests(spec.apis) if r.name == name), "")
    roads = {name, *(name + at(other.name) for other in spec.places if operation in other.quotas)}
    return f"{spec.where(place)}, which is not well ({trouble})" if roads - ledger.shut(spec.job) else ""


def _waits_for(ledger: "Ledger", job: str, fields: Mapping[str, str]) -> str:
    if fields["state"] != "running":
        return ""
    if trouble := fields.get("trouble"):
        return f"a service that is not well ({redact(trouble)})"
    table, films = ledger.table(job), ledger.table(job, films=True)
    if table["held"] or films["held"]:
        return ""
    if films["todo"]:
        return "a worker"
    return "a worker" if table["queued"] else "its last step" if table["todo"] == 0 else "a place in the queue"


def _usd(spec: JobSpec, tallies: costs.Tallies) -> dict[str, str | None]:
    found = costs.reckon(spec, tallies)
    return {"planned": money(found.planned_usd), "actual": money(found.actual_usd), "maybe": money(found.maybe_usd)}
