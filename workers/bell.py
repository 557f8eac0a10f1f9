"""The bell: a message says that a shard waits, the ledger says whose it is.

Rule: a message that is lost, doubled or late costs seconds, never an answer.
"""

import base64
import json

from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from workers.app import PREFIX, QUEUE, TASK, app

QUEUE_KEY = PREFIX + QUEUE  # the list of messages that wait for a worker
UNACKED, _UNACKED_INDEX = f"{PREFIX}unacked", f"{PREFIX}unacked_index"  # those that a worker took, as kombu keeps them


def ring(job: str, shard: int) -> None:
    """Put a shard into the queue. Raises redis-py's ConnectionError when Redis is away, as the ledger does."""
    try:
        app.send_task(TASK, args=[job, shard], queue=QUEUE, retry=False)
    except OperationalError as error:
        raise RedisConnectionError(str(error)) from error


def forget(redis: "Redis[bytes]", job: str) -> None:
    """Drop messages of a job that is over, whose worker died or lost its connection: kombu would ring in an hour."""
    for tag, message in redis.hgetall(UNACKED).items():
        body = json.loads(message)[0]["body"]
        if json.loads(base64.b64decode(body))[0][0] == job:
            redis.hdel(UNACKED, tag)
            redis.zrem(_UNACKED_INDEX, tag)


def forget_all(redis: "Redis[bytes]") -> None:
    """No job is left to ring for: what is kept here came late to a worker that died."""
    redis.delete(UNACKED, _UNACKED_INDEX)
