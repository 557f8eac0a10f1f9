"""Pictures for the report's gallery that are not local files: fetched with the job's own credentials."""

from collections.abc import Callable

import urllib3

from jobs.aws import clients
from jobs.folder import JobSpec
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.origins import Loaded, load_s3, load_web


def fetcher(spec: JobSpec, *, s3_url: str | None = None, profile: str | None = None) -> Callable[[Item], Loaded | Skip]:
    """Gets the whole of an item on S3 or the web. `s3_url` overrides the endpoint of job.json."""
    return fetcher_of(spec.region, s3_url=s3_url or spec.s3_url, profile=profile)


def fetcher_of(
    region: str | None, *, s3_url: str | None = None, profile: str | None = None
) -> Callable[[Item], Loaded | Skip]:
    """The same where there is no job. `region`: None for the environment's."""
    s3 = clients.s3(region, endpoint_url=s3_url, profile=profile)
    http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=10, read=60))

    def fetch(item: Item) -> Loaded | Skip:
        return load_s3(item, s3) if item.uri.startswith("s3://") else load_web(item, http)

    return fetch
