"""The jobs on films that AWS may still work on, or whose answers nobody has read yet.

Rule: AWS keeps an answer for seven days from its start, so each is shown with its end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs.folder import JobFolder
from jobs.later import Later
from jobs.words import count

if TYPE_CHECKING:
    from jobs import ledger
    from jobs.folder import facts
    from jobs.ledger import Ledger, starts
else:
    facts = Later("jobs.folder.facts")
    ledger = Later("jobs.ledger")
    starts = Later("jobs.ledger.starts")

_LONGEST = timedelta(hours=6)  # no film is longer; what takes so much and three times its film's length is stuck
_TIMES = 3


@dataclass(frozen=True, slots=True)
class OpenJob:
    job_id: str | None  # AWS's; None: its start was not answered yet
    ms: int
    began: datetime

    @property
    def until(self) -> datetime:
        """When its answer is gone."""
        return self.began + starts.KEPT

    def is_stuck(self, now: datetime) -> bool:
        return now - self.began > _LONGEST + _TIMES * timedelta(milliseconds=self.ms)


def open_films(folder: JobFolder, records: "Ledger | None") -> list[OpenJob]:
    """Those of a job, the oldest first: by the ledger while it lives there, else by its folder."""
    spec = folder.spec
    if not spec.films:
        return []
    live = records is not None and records.is_live(spec.job)
    found = _by_ledger(records, spec.job) if live and records is not None else _by_folder(folder)
    return sorted(found, key=lambda one: one.began)


def _by_ledger(records: "Ledger", job: str) -> Iterable[OpenJob]:
    for start in starts.Starts(records.redis).under_way(job, records.journals(job)).values():
        yield OpenJob(start.job_id, start.ms, datetime.fromtimestamp(start.began / 1000, UTC))


def _by_folder(folder: JobFolder) -> Iterable[OpenJob]:
    for shard, parts in folder.shard_parts().items():
        if shard >= ledger.FIRST_OF_FILMS:
            for row in facts.rows_of(folder, parts):
                if row.outcome == "open" and row.started_at is not None:
                    yield OpenJob(row.video_job, row.ms or 0, row.started_at)


def to_json(found: list[OpenJob]) -> dict[str, Any]:
    """For `status --json`."""
    now = datetime.now(UTC)
    return {
        "open": len(found),
        "minutes": round(sum(one.ms for one in found) / 60_000, 3),
        "answers_until": found[0].until.isoformat(timespec="seconds") if found else None,
        "stuck": [one.job_id for one in found if one.is_stuck(now)],
    }


def sentence(found: list[OpenJob]) -> str:
    """`2 video jobs (61.2 minutes) are open at AWS; the first answer is kept until 2026-12-05 04:12 UTC.`"""
    now = datetime.now(UTC)
    minutes = count(round(sum(one.ms for one in found) / 60_000, 3))
    jobs = f"{count(len(found))} video job{'s' * (len(found) != 1)} ({minutes} minutes)"
    said = f"{jobs} open at AWS; answers are kept until {found[0].until:%Y-%m-%d %H:%M} UTC."
    stuck = [one.job_id for one in found if one.is_stuck(now)]
    return said + (f" Open far longer than it should be: {', '.join(map(str, stuck))}." if stuck else "")
