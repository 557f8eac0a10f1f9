"""From a source to a running job: list it into a manifest, price it, write job.json, put it on the table.

Draft (manifest on disk, counted) -> Plan -> approval by the caller -> JobSpec -> ledger
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jobs import costs
from jobs.apis import Choice
from jobs.aws import clients
from jobs.costs.cap import job_schedule, nanousd
from jobs.counts import Counts
from jobs.errors import RekscanError, UsageError
from jobs.folder import PART_ROWS, JobFolder, JobSpec, home_path, new_job_id
from jobs.folder.half_written import set_aside
from jobs.folder.retries import newest
from jobs.known.duplicates import write_duplicates
from jobs.known.sync import sync
from jobs.ledger import Ledger
from jobs.money.prices import PriceTable
from jobs.money.stored import stored_prices, stored_quotas
from jobs.plan.build import plan as make_plan
from jobs.plan.values import Plan
from rekscan.scans.listing import Progress, absolute, list_into, list_source, part_rows
from rekscan.scans.savings import KnownCalls
from rekscan.settings import Settings


@dataclass(slots=True)
class Draft:
    """A source listed into the manifest of a job that does not exist yet."""

    folder: JobFolder
    sources: tuple[str, ...]
    counts: Counts
    items: int
    part_rows: int = PART_ROWS
    listing: Mapping[str, Any] | None = None  # where the listing was cut: how to list the source again


def draft(
    sources: Sequence[str],
    settings: Settings,
    region: str,
    *,
    column: str | None = None,
    versions: bool = False,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Draft:
    """List `sources` into the manifest of a new job folder, in constant memory.

    The listing is cut at the end of a part of the manifest once it has `limit` images (stdin is read to its end).
    Raises RekscanError when a source cannot be read or holds nothing at all; the folder is gone then.
    """
    folder = JobFolder(settings.home, new_job_id(), s3_url=settings.s3_url)
    counts = Counts()
    try:
        rows = part_rows(settings.shard_size)
        batches = list_source(sources, settings, region, column=column, versions=versions)
        with folder.manifest_writer(rows) as writer:
            limit = None if "-" in sources else limit
            cut = list_into(writer, batches, counts, rows=rows, limit=limit, progress=progress)
        if writer.count == 0:
            raise RekscanError(
                f"{', '.join(sources)} is empty", "Give a directory, prefix or list with pictures in it."
            )
    except OSError as error:
        folder.remove()
        raise cannot_write(folder, error) from error
    except BaseException:
        folder.remove()
        raise
    listing = {"sources": [absolute(source) for source in sources], "column": column, "versions": versions}
    return Draft(folder, tuple(sources), counts, writer.count, rows, listing if cut else None)


def cannot_write(folder: JobFolder, error: OSError) -> RekscanError:
    """A disk that is full, say, while a job is made."""
    do = "Make room, or name another --home. Nothing was paid, and nothing of the job is left."
    return RekscanError(f"the job's folder {folder.where} cannot be written: {error}", do)


def plan_of(
    choices: Sequence[Choice],
    counts: Counts,
    region: str,
    *,
    tps: Mapping[str, float] | None = None,
    month_to_date: Mapping[str, Decimal] | None = None,
    start: date | None = None,
    known: KnownCalls | None = None,
    prices: PriceTable | None = None,
) -> Plan:
    """The plan of a draft: the same function `estimate` calls. `prices`: another table than the stored one."""
    known = known or KnownCalls()
    plan = make_plan(
        choices,
        counts,
        region=region,
        prices=prices or stored_prices(),
        quotas=stored_quotas(),
        tps=tps,
        month_to_date=month_to_date,
        start=start,
        known=known.calls,
    )
    return plan.assuming((*known.notes, *plan.assumptions))


def create(
    drafted: Draft,
    choices: Sequence[Choice],
    plan: Plan,
    settings: Settings,
    *,
    local: bool,
    fit: bool = True,
    peek: bool = True,
    max_cost: Decimal | None = None,
    again: bool = False,
) -> JobSpec:
    """Write job.json: from here on the job exists."""
    rekognition_url = None if local else settings.rekognition_url
    account = (
        "local" if local else clients.account_of(plan.region, endpoint_url=rekognition_url, profile=settings.profile)
    )
    spec = JobSpec(
        job=drafted.folder.job,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        sources=drafted.sources,
        apis=tuple(_keep_files(drafted.folder, choices)),
        region=plan.region,
        account=account,
        items=drafted.items,
        shard_size=settings.shard_size,
        quotas={rate.operation: rate.tps for rate in plan.rates if rate.tps},
        plan=plan.to_json(),
        prices=plan.prices.to_json(),
        rekognition_url=rekognition_url,
        s3_url=settings.s3_url,
        options={
            "local": local,
            "fit": fit,
            "peek": peek,
            "again": again,
            "duplicates": 0 if again else write_duplicates(drafted.folder),
            "max_cost": str(max_cost) if max_cost is not None else None,
            "part_rows": drafted.part_rows,
            **({"cut": True, "listing": drafted.listing} if drafted.listing else {}),
        },
        versions={"rekscan": version("rekscan"), "boto3": version("boto3"), "python": platform.python_version()},
    )
    drafted.folder.create(spec)
    return spec


def open_job(
    ledger: Ledger, folder: JobFolder, *, rekognition_url: str | None = None, max_cost: Decimal | None = None
) -> None:
    """Put a job on the table: what its folder has not is to be done. The same for a new job, `resume` and `retry`."""
    spec = folder.spec
    set_aside(folder)
    left = ledger.on_table(spec.job)  # before the folder is read: a shard done meanwhile is in one of them
    if not spec.options.get("again"):
        sync(folder.home, s3_url=spec.s3_url)  # this job's own parts too: a resumed one has duplicates of them
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
    cap = max_cost if max_cost is not None else Decimal(spec.options["max_cost"]) if spec.options["max_cost"] else None
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


def _keep_files(folder: JobFolder, choices: Sequence[Choice]) -> list[Choice]:
    """Choices with the pictures their parameters name copied into the job, where every worker finds them."""
    kept = []
    for choice in choices:
        params = dict(choice.params)
        for param in choice.api.params:
            if param.type == "file" and params.get(param.name):
                path = Path(params[param.name]).expanduser()
                try:
                    data = path.read_bytes()
                except OSError as error:
                    raise UsageError(f"--api {choice.api.name}:{param.name}={path}: {error.strerror}") from None
                params[param.name] = f"inputs/{choice.api.name}-{param.name}{path.suffix.lower()}"
                folder.write(params[param.name], data)
        kept.append(Choice(choice.api, params))
    return kept
