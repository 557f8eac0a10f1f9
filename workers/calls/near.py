"""`--near`: a picture takes the answers of the one that it looks like.

Rule: a leader never waits for a follower, and comes before it, so nothing waits in a circle. One without an answer (it
failed, or was skipped) has none to give: its followers are asked about themselves. So are they where nobody takes up
its shard for a while: every worker may be waiting in a later one. A retry that asks the leader, too, goes the same way.
"""

import threading
import time
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import PurePosixPath

from redis import Redis
from redis.exceptions import RedisError

from jobs.apis import Choice, Request
from jobs.folder import JobFolder
from jobs.folder.part_names import PartName
from jobs.folder.retries import Retry
from jobs.items import Item
from jobs.known.answers import Answers
from jobs.known.index import Place
from jobs.ledger.answers import await_answer
from jobs.near.groups import Follower, followers
from jobs.outcomes import INHERITED, Outcome
from jobs.plan.near_rule import near_rule
from workers.calls.copies import Later, Slices, free_copy
from workers.gate.gate import Stopped
from workers.journal.packing import decode

_PATIENCE = 30.0  # seconds that a leader's shard may lie about: a lapsed lease is handed out within 15


class NearAnswers:
    """The answers of leaders of one job. Thread-safe."""

    def __init__(self, folder: JobFolder, redis: "Redis[bytes]", answers: Answers) -> None:
        spec = folder.spec
        self._job = spec.job
        self._shard_size = spec.shard_size
        self._any_size = near_rule(spec.options.near or "").any_size
        self._redis = redis
        self._answers = answers
        self._slices: Slices[dict[int, Follower]] = Slices(partial(followers, folder), spec.shard_size)
        self._asked_again = lru_cache(16)(lambda shard, retry: Retry(folder, retry).names(shard))
        self._left: dict[int, float] = {}  # shards that nobody held when a follower looked, and since when

    def rows(
        self, item: Item, request: Request, choices: Sequence[Choice], stop: threading.Event
    ) -> dict[str, Outcome]:
        """By API, for those of `choices` whose answers may be taken over.

        Raises Later while the leader is being asked about, Stopped when `stop` is set meanwhile.
        """
        follower = self._slices.of(item).get(item.item_id)
        apis = [choice.api.name for choice in choices if choice.inherits]
        if follower is None or not apis:
            return {}
        rows = self._of_leader(follower.leader, request, apis, stop)
        answered = {row.api: row for row in reversed(rows) if row.api in apis and row.outcome == "ok"}
        return {api: self._inherited(row, follower) for api, row in answered.items()}

    def _of_leader(self, leader: int, request: Request, apis: Sequence[str], stop: threading.Event) -> list[Outcome]:
        shard, name = leader // self._shard_size, f"{leader}:{request.name}"
        while True:
            try:
                found = await_answer(
                    self._redis, self._job, shard, name, lambda retry: name in self._asked_again(shard, retry)
                )
                break
            except RedisError:  # away: nothing is asked meanwhile
                if stop.wait(0.5):
                    raise Stopped from None
        if found.word == "answer":
            return decode(found.data)
        if found.word == "held":
            self._left.pop(shard, None)
            raise Later
        if found.word == "left" and time.monotonic() - self._left.setdefault(shard, time.monotonic()) < _PATIENCE:
            raise Later
        parts = [PurePosixPath(PartName(shard, retry).path).stem for retry in range(found.retry, -1, -1)]
        rows = (self._answers.at(Place(self._job, part, leader), api) for part in parts for api in apis)
        return [row for row in rows if row is not None]

    def _inherited(self, row: Outcome, follower: Follower) -> Outcome:
        size = {"width": None, "height": None} if self._any_size else {}
        return free_copy(
            row, INHERITED, f"{self._job}/{follower.leader}", content=None, fit=None, format=None,
            distance=follower.distance, **size,
        )  # fmt: skip
