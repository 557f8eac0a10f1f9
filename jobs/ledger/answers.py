"""What the ledger knows of another item's call: its answer, or whether one may still come. See journal for answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from redis import Redis

from jobs.ledger.keys import key


@dataclass(frozen=True, slots=True)
class Awaited:
    """`answer`: what was got is `data`. `held`: its holder is at it. `left`: nobody holds its shard, somebody will.
    `none`: its part has what there is."""

    word: Literal["answer", "held", "left", "none"]
    data: bytes = b""
    retry: int = 0  # that is under way; 0: the scan


def await_answer(
    redis: "Redis[bytes]", job: str, shard: int, name: str, asked_again: Callable[[int], bool] = lambda retry: False
) -> Awaited:
    """Of the call `name`, which is in `shard`. In a retry, which asks some calls only, one is waited for that it asks:
    `asked_again` tells, by the retry's number."""
    with redis.pipeline(transaction=True) as pipe:
        pipe.hget(key(job, "answers", shard), name)
        pipe.zscore(key(job, "leases"), shard)
        pipe.zscore(key(job, "queued"), shard)
        pipe.zscore(key(job, "todo"), shard)
        pipe.hget(key(job), "retry")
        pipe.time()
        data, held, queued, todo, retry, (seconds, micros) = pipe.execute()
    number = int(retry or 0)
    if data:
        return Awaited("answer", data, number)
    if (held, queued, todo) == (None, None, None) or (number and not asked_again(number)):
        return Awaited("none", retry=number)
    return Awaited("held" if held is not None and held > seconds * 1000 + micros // 1000 else "left", retry=number)
