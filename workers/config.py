"""What a worker process is told. Made by the command line, handed to children through the environment."""

import os
from dataclasses import asdict, dataclass
from typing import Any

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@dataclass(frozen=True)
class WorkerConfig:
    redis_url: str
    shards: int = 5  # shards under way at once in one process
    calls: int = 512  # calls under way at once for each request of a job, in one process
    in_flight_mb: int = 256  # megabytes of pictures held at once, in one process
    lease_seconds: float = 10.0  # a worker silent for so long is taken for dead
    read_timeout: float = 60.0  # seconds until an answer of Rekognition is given up: it may be billed
    profile: str | None = None

    def to_env(self) -> dict[str, str]:
        values = asdict(self)
        return {f"REKSCAN_WORKER_{name.upper()}": str(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_env(cls) -> "WorkerConfig":
        def get(name: str) -> str | None:
            return os.environ.get(f"REKSCAN_WORKER_{name}")

        return cls(
            redis_url=get("REDIS_URL") or "redis://127.0.0.1:6379/0",
            shards=int(get("SHARDS") or cls.shards),
            calls=int(get("CALLS") or cls.calls),
            in_flight_mb=int(get("IN_FLIGHT_MB") or cls.in_flight_mb),
            lease_seconds=float(get("LEASE_SECONDS") or cls.lease_seconds),
            read_timeout=float(get("READ_TIMEOUT") or cls.read_timeout),
            profile=get("PROFILE"),
        )


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
