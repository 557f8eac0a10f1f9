"""Real parts for tests: a Redis server per test session. A missing server is an error, never a skip."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from tests.support.redis import RedisServer
from workers.config import connect

# A shell that starts us in the background has SIGINT ignored, and children inherit that: Ctrl-C would test nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines are shared: how long an example took says nothing of it.
settings.register_profile("rekscan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rekscan")


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
