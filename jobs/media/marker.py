"""Marks of items: each is read whole and decoded in the disposable children.

Rule: whatever keeps an item from having a mark, it has none and is asked about itself; who is to send it finds out why.
URLs are not read for this.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.formats.raw import RAW
from jobs.items import Item
from jobs.media.check import MENDABLE, Skip
from jobs.media.marks import Mark
from jobs.media.origins import Loaded, load_local, load_s3
from jobs.media.pool import DecoderPool
from jobs.uris import is_local


@dataclass(frozen=True, slots=True)
class Marked:
    """`width`, `height`: pixels of the upright picture. `item`: its number."""

    item: int
    mark: Mark
    width: int
    height: int


def is_read(item: Item) -> bool:
    return item.kind == "image" and item.skip is None and (is_local(item.uri) or item.uri.startswith("s3://"))


class Marker:
    """Thread-safe. `aws`: as for `load_s3`."""

    def __init__(self, pool: DecoderPool, s3_client: Callable[[], Any], *, aws: bool = True) -> None:
        self._pool = pool
        self._s3_client = s3_client
        self._aws = aws
        self._s3: Any = None
        self._lock = threading.Lock()

    def mark(self, item: Item) -> Marked | None:
        loaded = load_local(item) if is_local(item.uri) else load_s3(item, self._client(), aws=self._aws)
        if isinstance(loaded, Skip) or not _decodes(loaded):
            return None
        assert loaded.data is not None and loaded.header.format is not None
        found = self._pool.answer({"mark": True, "format": loaded.header.format}, loaded.data, loaded.header.format)
        if isinstance(found, Skip) or found[0]["mark"] is None:
            return None
        return Marked(item.item_id, Mark(*found[0]["mark"]), *found[0]["size"])

    def _client(self) -> Any:
        with self._lock:
            if self._s3 is None:
                self._s3 = self._s3_client()
            return self._s3


def _decodes(loaded: Loaded) -> bool:
    return bool(loaded.data) and not loaded.cut and loaded.header.format in MENDABLE | RAW
