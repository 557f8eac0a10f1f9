"""Where the objects that requests name are: on S3, or in this machine's file store. The bucket's name says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from emulator.engine.file_store import BUCKET, FileStore
from emulator.engine.s3 import Fetcher


class Store(Protocol):
    """Knows objects by bucket, name and version. Each method raises AwsError."""

    async def fetch(self, place: dict[str, Any]) -> bytes: ...

    async def size(self, place: dict[str, Any]) -> int: ...

    async def save(self, place: dict[str, Any], to: Path) -> None: ...


class Stores:
    """S3, and beside it a file store if there is one."""

    def __init__(self, s3: Fetcher, files: FileStore | None) -> None:
        self._s3 = s3
        self._files = files

    async def fetch(self, place: dict[str, Any]) -> bytes:
        return await self._of(place).fetch(place)

    async def size(self, place: dict[str, Any]) -> int:
        return await self._of(place).size(place)

    async def save(self, place: dict[str, Any], to: Path) -> None:
        await self._of(place).save(place, to)

    def _of(self, place: dict[str, Any]) -> Store:
        return self._files if self._files is not None and place["Bucket"] == BUCKET else self._s3
