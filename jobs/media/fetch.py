"""Pictures for the report's gallery that are not local files: fetched with the job's own credentials."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.folder import JobSpec
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.origins import Loaded, load_s3
from jobs.media.web import web_of


def fetcher(spec: JobSpec, aws: Aws) -> Callable[[Item], Loaded | Skip]:
    """Gets the whole of an item on S3 or the web. The endpoint of `aws` overrides the one of job.json."""
    return fetcher_of(_of_job(spec, aws), allow_private_urls=spec.options.allow_private_urls)


def s3_client(spec: JobSpec, aws: Aws) -> Any:
    """What reads the objects of a job, as `fetcher` does."""
    return clients.s3(_of_job(spec, aws))


def _of_job(spec: JobSpec, aws: Aws) -> Aws:
    url = clients.endpoint_of(aws, "s3") or spec.s3_url
    return replace(aws, region=spec.region, s3_url=url, requester_pays=spec.options.request_payer)


def fetcher_of(aws: Aws, *, allow_private_urls: bool = False) -> Callable[[Item], Loaded | Skip]:
    """The same where there is no job. A client of S3 is made where there is something to get there."""
    s3 = cache(partial(clients.s3, aws))
    web = web_of(allow_private_urls)

    def fetch(item: Item) -> Loaded | Skip:
        return load_s3(item, s3()) if item.uri.startswith("s3://") else web.load(item)

    return fetch
