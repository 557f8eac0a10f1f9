"""What answers that need no call have in common: a wait, a copy, and what is read of a shard once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from jobs.items import Item
from jobs.outcomes import Outcome

_SLICES = 16  # shards that are kept at hand

Slice = TypeVar("Slice")


class Later(Exception):
    """Somebody else is being asked about. `content`: what the item is, as far as it is known."""

    def __init__(self, content: str | None = None) -> None:
        super().__init__(content)
        self.content = content


class Slices(Generic[Slice]):
    """What is known of a shard's items before any call, read once. Thread-safe."""

    def __init__(self, read: Callable[[int], Slice], shard_size: int) -> None:
        self._read = read
        self._shard_size = shard_size
        self._kept: dict[int, Slice] = {}
        self._lock = threading.Lock()

    def of(self, item: Item) -> Slice:
        shard = item.item_id // self._shard_size
        with self._lock:
            if shard not in self._kept:
                self._kept[shard] = self._read(shard)
                if len(self._kept) > _SLICES:
                    del self._kept[next(iter(self._kept))]
            return self._kept[shard]


def free_copy(row: Outcome, sent: str, answer_of: str, **more: Any) -> Outcome:
    """An answer as that of another item, which cost nothing. `more`: columns that are its own."""
    return replace(
        row,
        attempts=0,
        throttles=0,
        maybe_billed=0,
        units=0,
        marks=None,
        sent=sent,
        latency_ms=None,
        started_at=None,
        answer_of=answer_of,
        place=None,
        **more,
    )
