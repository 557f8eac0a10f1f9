"""What a worker process is told. Made by the command line, handed to children through the environment."""

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from jobs.aws.access import Aws
from jobs.errors import RekscanError
from jobs.later import Later
from workers.environment import FromEnvironment
from workers.limits import WorkerLimits

if TYPE_CHECKING:
    import redis
    from redis import backoff, retry
else:  # a fifth of a second, for who meets one
    redis, backoff, retry = Later("redis"), Later("redis.backoff"), Later("redis.retry")


class WorkerConfig(WorkerLimits, FromEnvironment):
    """Environment names are the field names in capitals after `REKSCAN_WORKER_`."""

    PREFIX: ClassVar[str] = "REKSCAN_WORKER_"
    EMPTY_IS_UNSET: ClassVar[bool] = True

    redis_url: str = "redis://127.0.0.1:6379/0"
    profile: str | None = None
    region: str | None = None  # of the job home; calls go to the job's own

    def aws(self, s3_url: str | None) -> Aws:
        """How AWS is reached. `s3_url`: the endpoint of S3 that a job was made with."""
        return Aws(self.region, self.profile, s3_url=s3_url)

    def to_env(self) -> dict[str, str]:
        return {self.PREFIX + name.upper(): str(value) for name, value in self if value is not None}


def connect(redis_url: str, *, at_most: int | None = None) -> "redis.Redis":
    """A Redis client that fails within seconds when the server is gone; callers decide whether to wait.

    `at_most`: connections; who needs one more waits. Each costs the server 17 KB.
    """
    options: dict[str, Any] = {
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "health_check_interval": 25,
        "retry": retry.Retry(backoff.NoBackoff(), 1),
    }
    if at_most is None:
        return redis.Redis.from_url(redis_url, **options)
    pool = redis.BlockingConnectionPool.from_url(redis_url, max_connections=at_most, timeout=None, **options)
    return redis.Redis.from_pool(pool)


def broker_url(redis_url: str) -> str:
    """The same server, database and certificates as kombu writes them.

    kombu takes no `?db=`, calls `unix://` `redis+socket://`, and verifies a certificate only when told to.
    """
    parts = urlsplit(redis_url)
    query = dict(parse_qsl(parts.query))
    database = query.get("db")
    kept = {name: value for name, value in query.items() if name.startswith("ssl_")}
    if parts.scheme == "unix":
        where = f"redis+socket://{parts.netloc}{parts.path}"
        kept |= {"virtual_host": database} if database else {}
    else:
        where = f"{parts.scheme}://{parts.netloc}{f'/{database}' if database else parts.path}"
        kept |= {} if parts.scheme == "redis" else {"ssl_cert_reqs": query.get("ssl_cert_reqs", "required")}
    return f"{where}?{urlencode(kept, safe='/')}" if kept else where


def refuse_cluster(server: "redis.Redis", shown: str) -> None:
    """Raises RekscanError for a Redis in cluster mode: Celery's queue takes several keys at once, in several slots."""
    try:
        in_cluster = server.info("cluster").get("cluster_enabled")
    except redis.ResponseError:  # this user may not ask
        return
    if in_cluster:
        raise RekscanError(
            f"the Redis at {shown} is in cluster mode, which is not supported",
            "Name one that is not, as of its own for rekscan: it needs some hundred megabytes.",
        )
