"""A folder of this machine that stands in for a bucket, so that pictures and films need no S3 to be named as objects.

Rule: nothing outside the folder is read, also not by a link that leads out of it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from emulator.errors import OptionError, invalid_s3_object, too_large
from emulator.operations.base import MAX_S3_BYTES

BUCKET = "file-store"


class FileStore:
    """Objects of the bucket `file-store`: their names are paths below `root`."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise OptionError(f"--file-store {root}: there is no such folder")
        self._root = root.resolve()

    async def fetch(self, place: dict[str, Any]) -> bytes:
        """Raises InvalidS3ObjectException where there is no such file, ImageTooLargeException over 15 MB."""
        return await asyncio.to_thread(self._read, place)

    async def size(self, place: dict[str, Any]) -> int:
        """Bytes of a file; raises as `fetch`."""
        return self._path(place).stat().st_size

    async def save(self, place: dict[str, Any], to: Path) -> None:
        """A link stands for the file, which may have 10 GB; raises as `fetch`."""
        to.unlink(missing_ok=True)
        to.symlink_to(self._path(place))

    def _read(self, place: dict[str, Any]) -> bytes:
        path = self._path(place)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_S3_BYTES + 1)
        except OSError:
            raise invalid_s3_object() from None
        if len(data) > MAX_S3_BYTES:
            raise too_large(f"Image size is too large. Maximum size is {MAX_S3_BYTES} bytes.")
        if not data:
            raise invalid_s3_object()
        return data

    def _path(self, place: dict[str, Any]) -> Path:
        name: str = place["Name"]
        try:
            path = (self._root / name.lstrip("/")).resolve()
            if path.is_relative_to(self._root) and path.is_file():
                return path
        except (OSError, ValueError):  # a name too long, or with a zero byte
            pass
        raise invalid_s3_object()
