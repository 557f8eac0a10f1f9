"""What the last jobs have shown of how long AWS takes, in Redis: all workers learn from each job that ends, and a scan
from those before it.

Rule: it is kept for a day, of some dozens of jobs; without it looks are only late.
"""

from dataclasses import dataclass

from redis import Redis

from jobs.ledger.keys import key
from workers.videos.looks import KEPT, Ended

_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Shown:
    """By the jobs of one operation of an account in a Region."""

    redis: "Redis[bytes]"
    account: str
    region: str
    operation: str

    def tell(self, ended: Ended) -> None:
        """Of one more job. May block."""
        with self.redis.pipeline(transaction=False) as told:
            told.lpush(self._key, f"{ended.film} {ended.low} {ended.high}")
            told.ltrim(self._key, 0, KEPT - 1)
            told.expire(self._key, _SECONDS)
            told.execute()

    def all(self) -> list[Ended]:
        """The last ones, the latest at the end. May block."""
        rows = self.redis.lrange(self._key, 0, KEPT - 1)
        return [Ended(*map(float, row.split())) for row in reversed(rows)]

    @property
    def _key(self) -> str:
        return key(f"slots:{self.account}:{self.region}", "shown", self.operation)
