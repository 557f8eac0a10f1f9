"""What a worker process is told. Made by the command line, handed to children through the environment."""

from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict
from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobs.aws.access import Aws
from workers.limits import Limits

_PREFIX = "REKSCAN_WORKER_"


class WorkerConfig(Limits, BaseSettings):
    """Environment names are the field names in capitals after `REKSCAN_WORKER_`."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    redis_url: str = "redis://127.0.0.1:6379/0"
    profile: str | None = None
    region: str | None = None  # of the job home; calls go to the job's own

    def aws(self, s3_url: str | None) -> Aws:
        """How AWS is reached. `s3_url`: the endpoint of S3 that a job was made with."""
        return Aws(self.region, self.profile, s3_url=s3_url)

    def to_env(self) -> dict[str, str]:
        return {_PREFIX + name.upper(): str(value) for name, value in self if value is not None}


def connect(redis_url: str, *, at_most: int | None = None) -> Redis:
    """A Redis client that fails within seconds when the server is gone; callers decide whether to wait.

    `at_most`: connections; who needs one more waits. Each costs the server 17 KB.
    """
    options: dict[str, Any] = {
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "health_check_interval": 25,
        "retry": Retry(NoBackoff(), 1),
    }
    if at_most is None:
        return Redis.from_url(redis_url, **options)
    pool = BlockingConnectionPool.from_url(redis_url, max_connections=at_most, timeout=None, **options)
    return Redis.from_pool(pool)


def broker_url(redis_url: str) -> str:
    """The same server as kombu writes it (`unix://` is `redis+socket://` there)."""
    return redis_url.replace("unix://", "redis+socket://", 1) if redis_url.startswith("unix://") else redis_url
