"""The cap of a home for a calendar month: what counts, what is left of it, and how the ledger is told.

Rule: every job that AWS answers counts, by its units and from the month's first tier on; as the ledger has it where
that knows it, else as its folder does. What may have been billed is spent. What has no known price is not counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from jobs.aws.access import Aws
from jobs.costs.cap import NANO, CapSchedule, Step, Steps, job_schedule, nanousd, spend, steps_json
from jobs.costs.counting import tally
from jobs.errors import RekscanError
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.folder.home import read_home
from jobs.folder.whose import AWS, whose
from jobs.ledger import Ledger, Purse, purse_key
from jobs.money.prices import money
from jobs.pools import at, month_of, place_of


@dataclass(frozen=True, slots=True)
class MonthCap:
    """A home's cap and what a month has taken of it, in dollars."""

    month: str
    usd: Decimal
    spent: Decimal

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.usd - self.spent)

    def to_json(self) -> dict[str, Any]:
        return {"month": self.month, "usd": money(self.usd), "spent": money(self.spent), "left": money(self.left)}


@dataclass(frozen=True, slots=True)
class Counted:
    """Units by `2026-11 PLACE METER`, of jobs that do not run; what they cost by `PLACE METER`; job -> its places of
    those that run, by how its pools tell them. A PLACE is an account and Region."""

    units: Mapping[str, int]
    steps: Steps
    running: Mapping[str, Mapping[str, str]]

    def nanousd(self, month: str) -> int:
        counts = {name.partition(" ")[2]: n for name, n in self.units.items() if name.startswith(f"{month} ")}
        return spend(self.steps, counts)


def month_cap(
    home: str, aws: Aws | None, ledger: Ledger | None, month: str, usd: Decimal | None = None
) -> MonthCap | None:
    """What a month has taken of the home's cap, or of `usd`; None where there is none. It reads the folders of jobs."""
    cap = read_home(home, aws).month_cap if usd is None else usd
    if cap is None:
        return None
    counted = _counted(home, aws, ledger)
    units = Counter(counted.units)
    for job, places in counted.running.items():
        units.update(_units(ledger.fields(job) if ledger else {}, places))
    return MonthCap(month, cap, replace(counted, units=units).nanousd(month) * NANO)


def hold(ledger: Ledger, home: str, aws: Aws | None, cap: Decimal | None, own: Mapping[str, Any] | None = None) -> None:
    """From here on no job of the home passes the cap; None: there is none.

    `own`: a job that is about to be put on the table -> its fields, as its folder has them.
    """
    purse = Purse(ledger.redis, _name(home))
    if cap is None:
        purse.empty()
        return
    filled = False
    while not filled:
        version = purse.version()
        found = _counted(home, aws, ledger, own or {})
        steps = steps_json(found.steps)
        filled = purse.fill(version, nanousd(cap), units=found.units, steps=steps, running=found.running)


def purse_of(home: str) -> str:
    """The key of its purse."""
    return purse_key(_name(home))


def _counted(home: str, aws: Aws | None, ledger: Ledger | None, own: Mapping[str, Any] | None = None) -> Counted:
    units: Counter[str] = Counter()
    steps: dict[str, tuple[Step, ...]] = {}
    running: dict[str, Mapping[str, str]] = {}
    live = set(ledger.live()) if ledger else set()
    for job in list_jobs(home, aws):
        folder = JobFolder(home, job, aws)
        spec = folder.spec
        if whose(spec) != AWS or (schedule := _schedule(spec)) is None:
            continue
        for one in schedule.by_suffix.values():
            steps |= {f"{one.place} {meter}": some for meter, some in one.later.items()}
        places = {suffix: one.place for suffix, one in schedule.by_suffix.items()}
        if job in live:
            running[job] = places
            continue
        fields = (own or {}).get(job) or _known(ledger, job) or schedule.so_far(spec.choices, tally(folder))
        units.update(_units(fields, places))
    return Counted(units, steps, running)


def _known(ledger: Ledger | None, job: str) -> Mapping[str, Any] | None:
    """A job's fields, where the ledger still knows what it spent."""
    fields = ledger.fields(job) if ledger else {}
    return fields if any(name.startswith("m:") for name in fields) else None


def _units(fields: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, int]:
    """Of a job's fields in the ledger (`m:2026-11:image-group-2`) those that count units, by `2026-11 PLACE METER`."""
    found = {}
    for name, value in fields.items():
        if name.startswith("m:"):
            _, pool, meter = name.split(":", 2)
            found[f"{month_of(pool)} {places[at(place_of(pool))]} {meter}"] = int(value)
    return found


def _schedule(spec: JobSpec) -> CapSchedule | None:
    try:
        return job_schedule(spec)
    except RekscanError:  # a price is not known
        return None


def _name(home: str) -> str:
    """One home, one name, however it is written."""
    return home.rstrip("/") if home.startswith("s3://") else str(Path(home).resolve())
