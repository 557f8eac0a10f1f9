"""Real parts for tests: a Redis server per test session. A missing server is an error, never a skip."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from tests.support import forks
from tests.support.redis import RedisServer
from workers.config import connect

# A shell that starts us in the background has SIGINT ignored, and children inherit that: Ctrl-C would test nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)

if sys.platform == "linux":
    forks.install()

# Machines are shared: how long an example took says nothing of it. The same examples each time, so that a change that
# fails is the change's fault; other ones: HYPOTHESIS_PROFILE=explore.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("rekscan", settings.get_profile("explore"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "rekscan"))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    """An empty Redis. Tests of one process share the server, so it is flushed."""
    client = connect(redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def no_workers(tmp_path: Path, redis_server: RedisServer, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of a cluster without workers: jobs run for as long as they are left to. Nothing is at the endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", "http://127.0.0.1:9")
    monkeypatch.setenv("REKSCAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REKSCAN_REDIS_URL", redis_server.url)
    monkeypatch.setenv("REKSCAN_REGION", "us-east-1")
