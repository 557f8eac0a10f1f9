"""Items in the queue that no worker can read: none of ours, put there by whoever shares the Redis."""

from pathlib import Path

import pytest
from redis import Redis

from tests.support.redis import RedisServer
from tests.support.scans import workers
from tests.support.waiting import until
from workers.bell import QUEUE_KEY


@pytest.mark.parametrize("item", ["not json", "[1]"])
def test_a_worker_that_cannot_read_an_item_ends_with_an_exit_code_that_has_it_started_again(
    item: str, tmp_path: Path, redis_server: RedisServer, redis: "Redis[bytes]"
) -> None:
    env = {"REKSCAN_REDIS_URL": redis_server.url, "AWS_REGION": "us-east-1"}
    with workers(1, tmp_path, env) as (first,):
        until(lambda: redis.keys("rekscan:{workers}*"), "the worker is there")
        redis.lpush(QUEUE_KEY, item)
        until(lambda: first.poll() is not None, "it ends")
        assert first.returncode == 70
    assert redis.llen(QUEUE_KEY) == 0  # the next one does not meet it again
