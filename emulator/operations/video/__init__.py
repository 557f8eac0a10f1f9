"""Stored video: seven kinds of job, a Start and a Get each. One module a kind, in `KIND`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.operations.base import VideoOperation
from emulator.operations.video import celebrities, face_search, faces, labels, moderation, segments, text
from emulator.videos.kind import Kind
from emulator.videos.videos import Videos

KINDS: tuple[Kind, ...] = tuple(
    module.KIND for module in (labels, moderation, faces, face_search, celebrities, text, segments)
)  # fmt: skip


def kind_of(operation: str) -> Kind:
    return next(kind for kind in KINDS if operation in (kind.start, kind.get))


def _operations(kind: Kind) -> Iterator[VideoOperation]:
    async def start(videos: Videos, request: dict[str, Any], fails: str | None) -> dict[str, Any]:
        return await videos.start(kind, request, fails)

    async def get(videos: Videos, request: dict[str, Any], fails: str | None) -> dict[str, Any]:
        return await videos.page(kind, request)

    yield VideoOperation(kind.start, kind.short, start, images=("Video",), cannot=kind.cannot)
    yield VideoOperation(kind.get, f"get-{kind.short}", get, images=())


OPERATIONS = tuple(operation for kind in KINDS for operation in _operations(kind))
