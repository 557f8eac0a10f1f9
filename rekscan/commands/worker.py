"""`rekscan worker`: a worker process of a cluster."""

from contextlib import suppress
from typing import Annotated

from cyclopts import Parameter
from redis.exceptions import RedisError

from jobs.errors import UsageError
from jobs.ledger.server import trouble
from jobs.redact import shown_url
from rekscan.console.output import say
from rekscan.scans.engine import warn_of, worker_config
from rekscan.settings import Connection, resolve
from workers.config import connect, refuse_cluster
from workers.limits import DEFAULTS
from workers.serve import serve


def worker(
    *,
    connection: Connection | None = None,
    calls: Annotated[int | None, Parameter(help=f"Calls under way at once per API [{DEFAULTS.calls}].")] = None,
    shards: Annotated[int | None, Parameter(help=f"Shards under way at once [{DEFAULTS.shards}].")] = None,
    name: Annotated[str | None, Parameter(help="Name of this worker [host and process id].")] = None,
) -> int:
    """Join a cluster: run shards of its jobs until stopped (SIGTERM or Ctrl-C gives work back at once).

    Example: `rekscan worker --redis-url redis://queue:6379/0`
    """
    settings = resolve(connection, calls=calls, shards=shards)
    if settings.redis_url is None:
        raise UsageError("no Redis is named", "Set REKSCAN_REDIS_URL or --redis-url, as for the other workers.")
    config, shown = worker_config(settings, settings.redis_url), shown_url(settings.redis_url)
    redis = connect(settings.redis_url)
    with suppress(RedisError, OSError):  # a worker waits for a Redis that is away
        refuse_cluster(redis, shown)
    say(f"worker on {shown}: {config.shards} shards, {config.calls} calls per API")
    warn_of(trouble(redis))  # it waits: trouble may pass
    return serve(config, name=name)
