"""What the ledger knows of another item's call: its answer, or whether one may still come. See journal for answers."""

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


def await_answer(redis: "Redis[bytes]", job: str, shard: int, name: str) -> Awaited:
    """Of the call `name`, which is in `shard`. In a retry, which asks some calls only, nothing is waited for."""
    with redis.pipeline(transaction=True) as pipe:
        pipe.hget(key(job, "answers", shard), name)
        pipe.zscore(key(job, "leases"), shard)
        pipe.zscore(key(job, "queued"), shard)
        pipe.zscore(key(job, "todo"), shard)
        pipe.hget(key(job), "retry")
        pipe.time()
        data, held, queued, todo, retry, (seconds, micros) = pipe.execute()
    if data:
        return Awaited("answer", data)
    if int(retry or 0) or (held, queued, todo) == (None, None, None):
        return Awaited("none")
    return Awaited("held" if held is not None and held > seconds * 1000 + micros // 1000 else "left")
