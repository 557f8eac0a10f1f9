"""Answers that need no call: those of earlier jobs, and those of items of this job with the same content.

Rule: what is found is copied into a row of its own, so that it outlives the job it is from. A duplicate never waits in
a lane: it comes back as Later, and its shard asks again when everything else of it is done.
"""

import threading
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from functools import partial

from redis import Redis
from redis.exceptions import RedisError

from jobs.apis import Choice, Request
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.known.answers import Answers
from jobs.known.duplicates import duplicates
from jobs.known.index import Index, Place
from jobs.known.keys import call_ids, content_id, listed_content
from jobs.known.segments import Segments
from jobs.ledger.claims import Claim, Claims
from jobs.outcomes import Outcome
from jobs.uris import is_aws
from workers.calls.copies import Later, Slices, free_copy
from workers.calls.near import NearAnswers
from workers.gate.gate import Stopped
from workers.journal.packing import decode


class Known:
    """What is known of the calls of one job. Thread-safe."""

    def __init__(self, folder: JobFolder, redis: "Redis[bytes]", choices: Iterable[Choice]) -> None:
        """`choices`: the job's, with the bytes of files they name."""
        spec = folder.spec
        self._folder = folder
        self._again = spec.options.again
        self._etags = is_aws(spec.s3_url)  # elsewhere an ETag may stand for any content
        self._calls = {choice.api.name: call_ids(spec.account, choice, fit=spec.options.fit) for choice in choices}
        self._index = Index(Segments(folder.home, folder.aws))
        self._answers = Answers(folder.home, folder.aws)
        self._candidates = spec.options.duplicates
        self._claims = Claims(redis, spec.job, shard_size=spec.shard_size, candidates=self._candidates)
        self._near = NearAnswers(folder, redis, self._answers) if spec.options.near else None
        self._slices = Slices(partial(duplicates, folder), spec.shard_size)

    def refresh(self) -> None:
        """See what other jobs have ended since. Called at the start of each shard."""
        if not self._again:
            self._index.refresh()

    def may_block(self) -> bool:
        """False: `rows` finds nothing, without a look at files or Redis."""
        return self._near is not None or (not self._again and bool(self._candidates or self._index))

    def listed(self, item: Item) -> str | None:
        """The content of an item as far as it is known unread; None when nothing known is to be used."""
        return listed_content(item) if self._etags and not self._again else None

    def rows(self, item: Item, request: Request, content: str | None, stop: threading.Event) -> list[Outcome]:
        """Rows of the APIs of `request` whose answer on `content` is known.

        Raises Later when another item with this content, or the one that it looks like, is being asked about, Stopped
        when `stop` is set meanwhile.
        """
        found: dict[str, Outcome] = {}
        lasting = [choice for choice in request.choices if self._calls[choice.api.name]]
        exact = content is not None and not self._again
        if exact and content is not None:
            found = self._earlier(content, lasting)
        # Before a claim: who has one is asked about, and waits for nobody.
        if self._near is not None and (missing := _missing(lasting, found)):
            found |= self._near.rows(item, request, missing, stop)
        missing = _missing(lasting, found)
        if content is not None and exact and missing and self._candidates and item.item_id in self._slices.of(item):
            found |= self._twin(item, request, content, missing, stop)
        return [replace(row, item_id=item.item_id) for row in found.values()]

    def _earlier(self, content: str, choices: Sequence[Choice]) -> dict[str, Outcome]:
        """By API, from the index."""
        wanted = {call: choice.api.name for choice in choices for call in self._calls[choice.api.name]}
        found: dict[str, Outcome] = {}
        for call, places in self._index.find(content, wanted).items():
            api = wanted[call]
            rows = (self._copy(self._answers.at(place, api), place.job, content) for place in places)
            row = next((row for row in rows if row is not None), None)
            if row is not None:
                found.setdefault(api, row)
        return found

    def _twin(
        self, item: Item, request: Request, content: str, missing: Sequence[Choice], stop: threading.Event
    ) -> dict[str, Outcome]:
        """By API, from the item of this job that has this content and was first; none when `item` is that one."""
        bad: int | None = None
        while (claim := self._claim(item, request, content, bad, stop)).word != "mine":
            if claim.word == "held":
                raise Later(content)
            rows = self._owned(claim, [choice.api.name for choice in missing])
            copies = [self._copy(row, self._folder.job, content) for row in rows]
            found = {row.api: row for row in copies if row is not None}
            if len(found) == len(missing):
                return found
            bad = claim.owner
        return {}

    def _claim(self, item: Item, request: Request, content: str, bad: int | None, stop: threading.Event) -> Claim:
        while True:
            try:
                return self._claims.claim(content_id(content), item.item_id, request.name, instead_of=bad)
            except RedisError:  # away, or its disk is full: nothing is asked meanwhile
                if stop.wait(0.5):
                    raise Stopped from None

    def _owned(self, claim: Claim, apis: Sequence[str]) -> list[Outcome]:
        """The owner's rows of these APIs."""
        if claim.word == "answer":
            return [row for row in decode(claim.data) if row.api in apis]
        part = f"shard-{claim.owner // self._folder.spec.shard_size:06d}"
        rows = [self._answers.at(Place(self._folder.job, part, claim.owner), api) for api in apis]
        return [row for row in rows if row is not None]

    def _copy(self, row: Outcome | None, job: str, content: str) -> Outcome | None:
        """An `ok` row on this very content as a known one, which cost nothing."""
        if row is None or row.outcome != "ok" or row.content != content:
            return None
        return free_copy(row, "known", row.answer_of or f"{job}/{row.item_id}")


def _missing(choices: Iterable[Choice], found: Container[str]) -> list[Choice]:
    return [choice for choice in choices if choice.api.name not in found]
