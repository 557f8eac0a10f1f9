"""The models engine: images fetched and checked, looked at by the pool, answers written by the operations."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import orjson

from emulator.custom.versions import Versions
from emulator.engine.data_folder import open_collections, open_jobs, open_versions
from emulator.engine.file_store import FileStore
from emulator.engine.films import Films
from emulator.engine.pool import Pool
from emulator.engine.s3 import Fetcher
from emulator.engine.stores import Store, Stores
from emulator.errors import invalid_parameter, too_large
from emulator.faces.face_collections import Collections
from emulator.faces.gallery import Gallery
from emulator.models.features import Seen
from emulator.operations.base import Call, ImageRules, Operation
from emulator.options import Options
from emulator.videos.kind import Known
from emulator.videos.store import JobStore
from emulator.videos.videos import Videos

REMEMBERED = 1024  # what was seen in so many pictures, a few KB each


class ModelEngine:
    name = "models"

    def __init__(
        self, pool: Pool, store: Store, collections: Collections, jobs: JobStore, versions: Versions, folder: Path
    ) -> None:
        self.ready = False
        self._pool = pool
        self._store = store
        self._collections = collections
        self._gallery = Gallery()
        self._films = Films(jobs, store, Known(collections, self._gallery), folder)
        self.versions = versions
        self.videos = Videos(jobs, self._films)
        self._seen: OrderedDict[str, dict[str, Any]] = OrderedDict()

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, options: Options) -> AsyncIterator[ModelEngine]:
        """Ready when yielded; everything it started is gone afterwards."""
        with contextlib.ExitStack() as stack:
            folder = options.data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rekscan-")))
            collections = stack.enter_context(open_collections(folder))
            jobs = stack.enter_context(open_jobs(folder, options))
            versions = stack.enter_context(open_versions(folder, options))
            files = FileStore(options.file_store) if options.file_store else None
            store = Stores(Fetcher(options.s3_endpoint_url), files)
            engine = cls(Pool(options.workers), store, collections, jobs, versions, folder)
            try:
                await engine._pool.start()
                if options.gallery is not None:
                    await engine._gallery.load(options.gallery, engine._look_at)
                async with engine._films.shown_by(engine._pool.children):
                    engine.ready = True
                    yield engine
            finally:
                await engine._pool.stop()

    async def answer(self, operation: Operation, request: dict[str, Any]) -> bytes:
        call = Call(operation, request, self._collections, self._gallery, self.versions, self._look)
        return orjson.dumps(await operation.answer(call))

    async def _look(self, operation: Operation, image: dict[str, Any], features: tuple[str, ...]) -> Seen:
        data = image.get("Bytes")
        if data is None:
            data = await self._store.fetch(image["S3Object"])
        seen = await self._look_at(data, features)
        _check_size(seen, operation.rules)
        return seen

    async def _look_at(self, data: bytes, features: tuple[str, ...]) -> Seen:
        key = hashlib.sha256(data).hexdigest()
        known = self._seen.pop(key, None) or {}
        missing = [feature for feature in features if feature not in known]
        if missing or not known:
            known = known | await self._pool.look(key, data, missing) | {"content": key}
        self._seen[key] = known
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return cast("Seen", known)


def _check_size(seen: Seen, rules: ImageRules) -> None:
    width, height = seen["width"], seen["height"]
    if min(width, height) < rules.min_side:
        raise invalid_parameter()
    if rules.max_side is not None and max(width, height) > rules.max_side:
        most = f"exceed maximum dimension size of {rules.max_side} pixels"
        raise too_large(f"Input image dimensions {width} x {height} {most}")
