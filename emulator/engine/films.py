"""Films of the models engine: fetched, watched by a model process turn by turn, told to the jobs.

One film a process at a time, in the order of their starts; between two turns a process has time for pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol, overload

import orjson

from emulator.engine.pool import Child, Dead
from emulator.engine.reel import UNSUPPORTED
from emulator.errors import AwsError
from emulator.models.cuts import Frame
from emulator.operations.video import face_search, kind_of
from emulator.videos.film import Film
from emulator.videos.kind import Kind, Known, Viewer
from emulator.videos.order import STEP_MS, Order, arrange
from emulator.videos.store import Job, JobStore

MAX_BYTES = 10 * 1024**3
_TRIES = 2  # a film that kills two processes is not a film
_ARRANGED = 4  # answers kept sorted, of some 50 MB an hour of labels


class Source(Protocol):
    """Where films are: S3, or another store that knows them by bucket, name and version. Both raise AwsError."""

    async def size(self, place: dict[str, Any]) -> int: ...

    async def save(self, place: dict[str, Any], to: Path) -> None: ...


class Films:
    """The models engine's `Watcher`. Films lie in `folder` while they are watched."""

    def __init__(self, jobs: JobStore, source: Source, known: Known, folder: Path) -> None:
        self._jobs = jobs
        self._source = source
        self._known = known
        self._folder = folder
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._arranged: OrderedDict[tuple[str, Order], list[orjson.Fragment]] = OrderedDict()

    @contextlib.asynccontextmanager
    async def shown_by(self, children: list[Child]) -> AsyncIterator[None]:
        """Watch films with these processes, first those that were left in the middle."""
        for job in self._jobs.unfinished():
            self._waiting.put_nowait(job)
        tasks = [asyncio.create_task(self._work(child)) for child in children]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def check(self, kind: Kind, request: dict[str, Any]) -> None:
        if kind is face_search.KIND:
            self._known.collections.created(request["CollectionId"])
        if await self._source.size(request["Video"]["S3Object"]) > MAX_BYTES:
            raise AwsError("VideoTooLargeException", f"Video size is too large. Maximum size is {MAX_BYTES} bytes.")

    def watch(self, kind: Kind, job: Job) -> None:
        self._waiting.put_nowait(job)

    async def seen(self, kind: Kind, job: Job, order: Order) -> Sequence[Any]:
        if order == Order():
            return Stored(self._jobs, job)
        key = (job.id, order)
        arranged = self._arranged.pop(key, None)
        if arranged is None:
            items = self._jobs.items(job, 0, sys.maxsize)
            assert job.film is not None
            arranged = await asyncio.to_thread(_arrange, kind, items, order, job.film.ms, job.step)
        self._arranged[key] = arranged
        while len(self._arranged) > _ARRANGED:
            self._arranged.popitem(last=False)
        return arranged

    async def _work(self, child: Child) -> None:
        while True:
            job = await self._waiting.get()
            try:
                await self._show(child, job)
            except AwsError as failure:
                self._jobs.fail(job, failure.message)
            except Exception:
                traceback.print_exc(file=sys.stderr)
                self._jobs.fail(job, "A bug in the emulator; see its log.")

    async def _show(self, child: Child, job: Job) -> None:
        path = self._folder / f"{job.id}.film"
        try:
            await self._source.save(job.request["Video"]["S3Object"], path)
            for _ in range(_TRIES):
                with contextlib.suppress(Dead):
                    return await self._watch(child, job, path)
            raise AwsError("FAILED", UNSUPPORTED)
        finally:
            path.unlink(missing_ok=True)

    async def _watch(self, child: Child, job: Job, path: Path) -> None:
        """Raises Dead when the process is lost on the way, AwsError for what is not a film AWS takes."""
        kind = kind_of(job.operation)
        viewer = kind.viewer(job.request, self._known)
        head = {"film": str(path), "features": kind.features(job.request), "darkest": kind.darkest(job.request)}
        position = place = 0
        while True:
            answer = await child.turn(head | {"position": position})
            if "lost" in answer:
                raise Dead
            if "error" in answer:
                raise AwsError(*answer["error"])
            seen = answer["seen"]
            position, place = seen["position"], self._tell(viewer, job, place, seen)
            if "film" in seen:
                film = Film(**seen["film"])
                self._jobs.add(job, place, viewer.end(film))
                return self._jobs.succeed(job, film, max(STEP_MS, 1000 / film.fps))

    def _tell(self, viewer: Viewer, job: Job, place: int, seen: dict[str, Any]) -> int:
        for frame in seen["frames"]:
            viewer.frame(Frame(*frame))
        return self._jobs.add(job, place, (item for at, found in seen["looks"] for item in viewer.look(at, found)))


class Stored(Sequence[Any]):
    """An answer in the order of time, read from the store as far as it is asked for."""

    def __init__(self, jobs: JobStore, job: Job) -> None:
        self._jobs = jobs
        self._job = job

    def __len__(self) -> int:
        return self._jobs.length(self._job)

    @overload
    def __getitem__(self, place: int) -> Any: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Any]: ...

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            start, stop, _ = place.indices(sys.maxsize)
            return [orjson.Fragment(item) for item in self._jobs.items(self._job, start, stop)]
        return orjson.Fragment(self._jobs.items(self._job, place, place + 1)[0])


def _arrange(kind: Kind, items: list[bytes], order: Order, ms: int, step: float) -> list[orjson.Fragment]:
    wanted = arrange(kind, (orjson.loads(item) for item in items), order, ms, step)
    return [orjson.Fragment(orjson.dumps(item)) for item in wanted]
