"""Which job first had AWS's answer on a film.

Rule: scans that ask the same within seven days share one job at AWS, whose id is in the rows of each: the earliest of
this home's jobs with that id had the answer first. Older jobs are not looked at, since AWS has their answers no more.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pyarrow as pa

from jobs.errors import RekscanError
from jobs.folder import JobFolder, list_jobs
from jobs.folder.films import film_shards

_KEPT = timedelta(days=8)  # at AWS: 7 days from the end of a job, which takes hours
_TIME = "%Y%m%d-%H%M%S"  # how a job's id begins


def first_answers(folder: JobFolder) -> dict[str, str]:
    """AWS's id of a video job -> the earlier job of the home that first had its answer."""
    found: dict[str, str] = {}
    if not folder.spec.films:
        return found
    try:
        made = datetime.strptime(folder.job[:15], _TIME)  # noqa: DTZ007  UTC, as all ids
    except ValueError:  # a folder that somebody named
        return found
    for name in list_jobs(folder.home, folder.aws, since=f"{made - _KEPT:{_TIME}}", before=folder.job):
        with suppress(RekscanError, OSError, pa.ArrowInvalid):  # of a later format, half deleted: it says nothing
            for video_job in _answered(JobFolder(folder.home, name, folder.aws)):
                found.setdefault(video_job, name)
    return found


def _answered(folder: JobFolder) -> Iterator[str]:
    for shard in film_shards(folder.spec.films):
        if files := folder.parts_of(shard).files:
            rows = folder.result(files).select(["outcome", "video_job"]).to_pylist()
            yield from (row["video_job"] for row in rows if row["outcome"] == "ok" and row["video_job"])
