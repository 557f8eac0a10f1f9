"""A draft and its plan become a job."""

import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir

from jobs.apis import Choice
from jobs.errors import UsageError
from jobs.folder import JobFolder, JobSpec
from jobs.folder.spec import Options
from jobs.formats.sniff import sniff
from jobs.known.duplicates import write_duplicates
from jobs.media.check import Skip
from jobs.money.stored import stored_quotas
from jobs.plan.values import Plan
from rekscan.scans.draft import Draft
from rekscan.scans.inputs import input_params, input_picture
from rekscan.scans.known_films import account_of
from rekscan.scans.places import with_accounts
from rekscan.scans.terms import Terms


def create(drafted: Draft, terms: Terms, plan: Plan) -> JobSpec:
    """Write job.json: from here on the job exists."""
    folder, settings = drafted.folder, terms.settings
    rekognition_url = None if terms.local else settings.rekognition_url
    made = _made(folder) if terms.local and terms.transcode and drafted.films else None
    spec = JobSpec(
        job=folder.job,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        sources=drafted.sources,
        apis=tuple(_keep_files(folder, terms.choices, fit=terms.fit)),
        first=terms.first,
        region=plan.region,
        account=account_of(terms, plan.region),
        items=drafted.items,
        shard_size=settings.shard_size,
        quotas={rate.operation: rate.here for rate in plan.rates if rate.here} | _reading(terms, plan.region),
        plan=plan.document(),
        prices=plan.prices.to_json(),
        rekognition_url=rekognition_url,
        s3_url=settings.s3_url,
        options=Options(
            local=terms.local,
            fit=terms.fit,
            peek=terms.peek,
            again=terms.again,
            request_payer=terms.request_payer,
            allow_private_urls=terms.allow_private_urls,
            duplicates=0 if terms.again else write_duplicates(folder),
            max_cost=terms.max_cost,
            part_rows=drafted.part_rows,
            cut=drafted.listing is not None,
            listing=drafted.listing,
            video_jobs=terms.video_jobs or stored_quotas().concurrent_videos,
            film_root=made or drafted.film_root,
            made=made,
            stage=terms.stage if drafted.counts.staged else None,
            frames=terms.frames.text if terms.frames else None,
            near=terms.near.text if terms.near else None,
        ),
        versions={"rekscan": version("rekscan"), "boto3": version("boto3"), "python": platform.python_version()},
        video_apis=terms.videos,
        films=drafted.films,
        epoch=int(time.time()) if terms.again else 0,  # more than any retry of an earlier job has made of its own
        sample=drafted.sampled.record() if drafted.sampled else None,
        near=plan.near.record() if plan.near else None,
    )
    spec = replace(spec, places=with_accounts(plan.places, settings, plan.region))
    folder.create(spec)
    return spec


def _made(folder: JobFolder) -> str:
    """The folder for what is made of films: beside the job's, or where this machine has temporary files."""
    if folder.home.startswith("s3://"):
        return str(Path(gettempdir()) / f"rekscan-{folder.job}")
    return str((Path(folder.home) / ".rekscan" / "films" / folder.job).absolute())


def _reading(terms: Terms, region: str) -> dict[str, float]:
    """The rates at which the answers on films are read."""
    quotas = stored_quotas()
    rates = {choice.api.answers: quotas.tps(choice.api.answers, region) for choice in terms.videos}
    return {operation: rate for operation, rate in rates.items() if rate}


def _keep_files(folder: JobFolder, choices: Sequence[Choice], *, fit: bool) -> list[Choice]:
    """Choices with the pictures their parameters name put into the job as they are sent, where every worker finds
    them."""
    params = {choice.api.name: dict(choice.params) for choice in choices}
    for choice, param in input_params(choices):
        path = choice.params[param.name]
        data = input_picture(path, fit=fit)
        if isinstance(data, Skip):  # since it was looked at
            raise UsageError(f"--api {choice.api.name}:{param.name}={path}: {data.message}")
        name = f"inputs/{choice.api.name}-{param.name}.{'png' if sniff(data) == 'png' else 'jpg'}"
        folder.write(name, data)
        params[choice.api.name][param.name] = name
    return [replace(choice, params=params[choice.api.name]) for choice in choices]
