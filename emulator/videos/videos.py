"""Start and Get of every kind: the way from a checked request to a job and its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.videos.kind import Kind
from emulator.videos.order import Order
from emulator.videos.page_tokens import PageTokens
from emulator.videos.store import Job, JobStore

MAX_PAGE = 1000


class Watcher(Protocol):
    """What an engine does for a job; it ends one through `JobStore.succeed` or `fail`."""

    async def check(self, kind: Kind, request: dict[str, Any]) -> None:
        """Raises what Start answers for a film it cannot have."""

    def watch(self, kind: Kind, job: Job) -> None:
        """Begin; comes back at once."""

    async def seen(self, kind: Kind, job: Job, order: Order) -> Sequence[Any]:
        """The items of a job that succeeded: what orjson can write, and cheap to take slices of."""


@dataclass(slots=True)
class Videos:
    jobs: JobStore
    watcher: Watcher

    async def start(self, kind: Kind, request: dict[str, Any], fails: str | None) -> dict[str, Any]:
        """`fails`: the job is to fail, with this message."""
        if (known := self.jobs.known(kind, request)) is not None:
            return {"JobId": known}
        self.jobs.room()
        await self.watcher.check(kind, request)
        job, new = self.jobs.open(kind, request)
        if new and fails is not None:
            self.jobs.fail(job, fails)
        elif new:
            self.watcher.watch(kind, job)
        return {"JobId": job.id}

    async def page(self, kind: Kind, request: dict[str, Any]) -> dict[str, Any]:
        job, now = self.jobs.job(kind, request["JobId"]), self.jobs.now()
        document: dict[str, Any] = {"JobStatus": job.state(now), "JobId": job.id, "Video": job.request["Video"]}
        if "JobTag" in job.request:
            document["JobTag"] = job.request["JobTag"]
        if document["JobStatus"] == "FAILED":
            document["StatusMessage"] = job.message
        if document["JobStatus"] == "SUCCEEDED":
            document |= await self._results(kind, job, request, now)
        return document

    async def _results(self, kind: Kind, job: Job, request: dict[str, Any], now: float) -> dict[str, Any]:
        assert job.film is not None
        order, tokens = Order.wanted(kind, request), PageTokens(self.jobs.secret())
        start = tokens.offset(request.get("NextToken"), job.id, order, now)
        items = await self.watcher.seen(kind, job, order)
        stop = start + min(request.get("MaxResults", MAX_PAGE), MAX_PAGE)
        document = {kind.results: items[start:stop], **kind.about(job.request), **order.echo(kind)}
        if kind.lists_metadata:
            # Sound is not decoded, so there is nothing to say of it.
            document |= {"VideoMetadata": [job.film.metadata()], "AudioMetadata": []}
        else:
            document["VideoMetadata"] = job.film.metadata()
        if stop < len(items):
            document["NextToken"] = tokens.make(job.id, order, stop, now)
        return document
