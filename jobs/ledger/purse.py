"""The purse of a home: what its jobs on AWS spend together in a calendar month, where the home has a cap for it.

Rule: units only; what they cost is computed where it is asked (`cost.lua`), so nothing drifts. The scripts that spend
count here in the same step as at the job. The folders are the truth: it is filled from them, and from jobs that run.
"""

import hashlib
from collections.abc import Mapping

import orjson
from redis import Redis

from jobs.ledger.keys import key
from jobs.ledger.ledger import script


def purse_key(home: str) -> str:
    """`home`: as every process names it."""
    return key(f"purse:{hashlib.sha256(home.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}")


class Purse:
    """That of one home."""

    def __init__(self, redis: "Redis[bytes]", home: str) -> None:
        self._redis = redis
        self._key = purse_key(home)
        self._script = redis.register_script(script("purse"))

    def version(self) -> int:
        """What `fill` is to be told: to be read before the jobs that run and the folders."""
        return int(self._redis.hget(self._key, "version") or 0)

    def fill(
        self,
        version: int,
        cap: int,
        *,
        units: Mapping[str, int] | None = None,
        steps: Mapping[str, object] | None = None,
        running: Mapping[str, Mapping[str, str]] | None = None,
    ) -> bool:
        """`cap`: nano-dollars. `units` of jobs that do not run, by `2026-11 PLACE METER`; `steps` of `PLACE METER`, as
        jobs/costs/cap.py has them for Redis; `running`: job -> its places, by how its
        pools tell them (`{"": its own}`).

        False where somebody filled it, or put a job on the table, since `version`: look again.
        """
        fields = {
            **(units or {}),
            **{f"steps {what}": orjson.dumps(some).decode() for what, some in (steps or {}).items()},
        }
        keys = [self._key, *(key(job) for job in running or {})]
        told = [version, cap, orjson.dumps(fields), orjson.dumps(list((running or {}).values()))]
        return bool(self._script(keys, told))

    def empty(self) -> None:
        """The home has no cap."""
        while self._redis.hexists(self._key, "cap"):
            self._script([self._key], [self.version(), "", "", ""])
