"""How long jobs on films took AWS, as the newest jobs of a home have seen it.

Rule: bounded: a few parts of a few jobs are read, whatever the home has. Who answered is the same, or it says nothing.
"""

from jobs.errors import RekscanError
from jobs.files import Aws, read_columns
from jobs.film_speed import Speed, shown
from jobs.folder import JobFolder, list_jobs
from jobs.folder.whose import whose
from jobs.ledger import FIRST_OF_FILMS

_JOBS, _PARTS = 20, 10  # the newest ones, and of each
_COLUMNS = ["api", "outcome", "sent", "ms", "latency_ms"]


def film_speeds(home: str, aws: Aws | None, answered_by: str) -> dict[str, Speed]:
    """By API, of those that have been asked enough. `answered_by`: as `whose` says it."""
    took: dict[str, list[tuple[float, float]]] = {}
    for job in list_jobs(home, aws)[-_JOBS:]:
        folder = JobFolder(home, job, aws)
        try:
            if folder.spec.films and whose(folder.spec) == answered_by:
                _add(folder, took)
        except (RekscanError, OSError, KeyError, TypeError, ValueError):
            continue  # a job of another version, or that is being deleted
    return {api: speed for api, seen in took.items() if (speed := shown(seen)) is not None}


def _add(folder: JobFolder, took: dict[str, list[tuple[float, float]]]) -> None:
    shards = [parts for shard, parts in sorted(folder.shard_parts().items()) if shard >= FIRST_OF_FILMS]
    for path in [path for parts in shards[-_PARTS:] for path in parts.files]:
        for row in read_columns(folder.files, path, _COLUMNS).to_pylist():
            if row["outcome"] == "ok" and row["sent"] != "known" and row["latency_ms"] and row["ms"]:
                took.setdefault(row["api"], []).append((row["ms"] / 1000, row["latency_ms"] / 1000))
