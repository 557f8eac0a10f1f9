"""A job put on the table: what its folder has not is to be done. The same for a new job, `resume` and `retry`."""

from decimal import Decimal
from typing import Any

from jobs import costs
from jobs.costs.cap import job_schedule, nanousd
from jobs.errors import RekscanError
from jobs.files import home_path
from jobs.folder import JobFolder
from jobs.folder.half_written import set_aside
from jobs.folder.retries import newest
from jobs.known.sync import sync
from jobs.ledger import Ledger


def open_job(
    ledger: Ledger, folder: JobFolder, *, rekognition_url: str | None = None, max_cost: Decimal | None = None
) -> None:
    """`rekognition_url` and `max_cost` replace those of job.json."""
    spec = folder.spec
    set_aside(folder)
    left = ledger.on_table(spec.job)  # before the folder is read: a shard done meanwhile is in one of them
    if not spec.options.again:
        sync(folder.home, folder.aws)  # this job's own parts too: a resumed one has duplicates of them
    parts = folder.shard_parts()
    known = costs.counters(folder) if parts else {}
    retry = newest(folder)
    if retry is None:
        missing = [n for n in range(spec.shards) if n not in parts or not parts[n].whole]
        fields: dict[str, Any] = {"shards_done": spec.shards - len(missing)}
    else:
        missing = [n for n in retry.shards() if not retry.part_of(parts[n].retries)]
        fields = {"shards_done": 0, "retry": retry.number}
        for api, calls in retry.calls(set(missing)).items():
            known[f"failed:{api}"] -= calls  # they are to be done again
    if spec.amended:
        fields["amended"] = spec.amended  # workers that had the job before open it anew
    if rekognition_url:
        fields["rekognition_url"] = rekognition_url
    if spec.s3_url:
        fields["home_s3_url"] = spec.s3_url
    cap = max_cost if max_cost is not None else spec.options.max_cost
    schedule = None
    try:
        schedule = job_schedule(spec)
        fields |= schedule.so_far(spec.apis, known)
    except RekscanError:
        if cap is not None:
            raise
    if cap is not None:
        fields["cap"] = nanousd(cap)
    ledger.open(
        spec.job,
        home=home_path(folder.home),
        shards=missing,
        left=left,
        fields={**fields, **known},
        prices=schedule.to_json() if schedule else None,
    )
