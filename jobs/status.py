"""The status of a job: what is planned, what became of it, what it cost, and what it waits for.

While a job lives its counters are the ledger's; when it is over, or Redis knows nothing of it, those of its folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from jobs import costs
from jobs.folder import JobFolder, JobSpec
from jobs.ledger import Ledger
from jobs.money.prices import money

STATUS = "reports/status.json"  # in a job's folder: its last status, once no Redis knows the job
INTERRUPTED = "interrupted"  # no Redis knows the job, and it is not finished
_COUNTED = ("ok", "skipped", "failed", "maybe_billed")


@dataclass(frozen=True, slots=True)
class Status:
    """`status --json`. `calls` and each of `by_api`: planned, ok, skipped, failed, maybe_billed."""

    job: str
    state: str
    reason: str
    do: str
    by_api: Mapping[str, Mapping[str, int]]
    usd: Mapping[str, str | None]
    eta_s: float | None = None
    waits_for: str = ""
    throttled: int = 0

    @property
    def calls(self) -> dict[str, int]:
        names = ("planned", *_COUNTED)
        return {name: sum(calls[name] for calls in self.by_api.values()) for name in names}

    @property
    def done(self) -> int:
        return sum(calls[name] for calls in self.by_api.values() for name in ("ok", "skipped", "failed"))

    def to_json(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "state": self.state,
            "reason": self.reason,
            "do": self.do,
            "calls": self.calls,
            "by_api": {name: dict(calls) for name, calls in self.by_api.items()},
            "usd": dict(self.usd),
            "eta_s": self.eta_s,
            "waits_for": self.waits_for,
            "throttled": self.throttled,
        }

    @classmethod
    def from_json(cls, data: bytes) -> "Status":
        document = orjson.loads(data)
        document.pop("calls")
        return cls(**document)


def status(
    spec: JobSpec,
    counters: Mapping[str, int],
    state: str,
    *,
    reason: str = "",
    do: str = "",
    waits_for: str = "",
) -> Status:
    """A status from counters named as the ledger names them (`ok:labels`, `units:labels`, ...)."""
    if (state, reason) == ("incomplete", "budget") and not do:
        do = f"`rekscan resume {spec.job} --max-cost DOLLARS` goes on under a higher cap."
    images = spec.plan["items"]["images"]
    by_api = {
        choice.api.name: {"planned": images, **{n: counters.get(f"{n}:{choice.api.name}", 0) for n in _COUNTED}}
        for choice in spec.apis
    }
    left = {name: calls["planned"] - calls["ok"] - calls["skipped"] - calls["failed"] for name, calls in by_api.items()}
    rates = {choice.api.name: spec.quotas.get(choice.api.operation) for choice in spec.apis}
    eta = max((left[name] / rate for name, rate in rates.items() if rate), default=0.0)
    return Status(
        job=spec.job,
        state=state,
        reason=reason,
        do=do,
        by_api=by_api,
        usd=_usd(spec, counters),
        eta_s=round(eta, 1) if state in ("running", "planned") else None,
        waits_for=waits_for,
        throttled=sum(n for name, n in counters.items() if name.startswith("throttled:")),
    )


def status_of(folder: JobFolder, ledger: Ledger | None) -> Status:
    """The status of a job wherever it is known best."""
    spec = folder.spec
    fields = ledger.fields(spec.job) if ledger is not None else {}
    if ledger is not None and fields.get("state") and "shards_done" in fields:
        counters = ledger.progress(spec.job)
        return status(
            spec,
            counters,
            fields["state"],
            reason=fields.get("reason", ""),
            do=fields.get("do", ""),
            waits_for=_waits_for(ledger, spec.job, fields["state"]),
        )
    stored = folder.read(STATUS)
    if stored is not None:
        return Status.from_json(stored)
    return status(
        spec,
        costs.counters(folder),
        "incomplete",
        reason=INTERRUPTED,
        do=f"`rekscan resume {spec.job}` goes on where it stopped.",
    )


def keep(folder: JobFolder, found: Status) -> None:
    """Write the status of a job that no Redis will know into its folder."""
    folder.write(STATUS, orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2))


def _waits_for(ledger: Ledger, job: str, state: str) -> str:
    if state != "running":
        return ""
    table = ledger.table(job)
    if table["held"]:
        return ""
    return "a worker" if table["queued"] else "its last step" if table["todo"] == 0 else "a place in the queue"


def _usd(spec: JobSpec, counters: Mapping[str, int]) -> dict[str, str | None]:
    found = costs.reckon(spec, counters)
    return {"planned": money(found.planned_usd), "actual": money(found.actual_usd), "maybe": money(found.maybe_usd)}
