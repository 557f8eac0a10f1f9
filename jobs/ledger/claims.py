"""Claims: of the items of a job with one content, who asks AWS. See claim.lua.

Rule: only items that may have a duplicate are claimed, a dozen bytes each: four of the hash and the item's number, in
small hashes that Redis packs. Four bytes may agree by chance; whoever takes an answer compares the whole content.
"""

from dataclasses import dataclass
from typing import Literal

from redis import Redis

from jobs.ledger.keys import key
from jobs.ledger.ledger import script

PACKED = 96  # claims per hash, on average: what Redis packs, 128, is hardly ever passed


@dataclass(frozen=True, slots=True)
class Claim:
    """`mine`: ask. `held`: the owner is at it. `answer`: what it got is `data`. `done`: its shard's part has it."""

    word: Literal["mine", "held", "answer", "done"]
    owner: int = -1
    data: bytes = b""


class Claims:
    """The claims of one job. `candidates`: items that may have a duplicate; every process must say the same number."""

    def __init__(
        self, redis: "Redis[bytes]", job: str, *, shard_size: int, candidates: int, clock: str | None = None
    ) -> None:
        self._job = job
        self._shard_size = shard_size
        self._buckets = max(1, candidates // PACKED)
        self._script = redis.register_script(script("claim", clock))

    def claim(self, content: bytes, item: int, request: str, *, instead_of: int | None = None) -> Claim:
        """Claim a content (its 16-byte name) for an item and request. `instead_of`: an owner whose answer is no use."""
        bucket = int.from_bytes(content[:8], "big") % self._buckets
        tables = (key(self._job, name) for name in ("buckets", "instead", "leases", "queued", "todo", "open"))
        keys = [key(self._job, "claims", bucket), *tables]
        bad = "" if instead_of is None else instead_of
        asked = [item, content[8:], request, bad, bucket, self._shard_size]
        word, *more = self._script(keys, [*asked, ""])
        while word == b"look":  # who the owner is, is known only there; hardly ever is it another one the next time
            shard = int(more[0]) // self._shard_size
            word, *more = self._script([*keys, key(self._job, "answers", shard)], [*asked, shard])
        return Claim(word.decode(), *(int(more[0]), *more[1:]) if more else ())
