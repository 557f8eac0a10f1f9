"""Bytes of pictures in memory: shared between calls, counted, bounded.

Rule: what is loaded is loaded once while anybody uses it (single flight), stays for the next call while there is room,
and never exceeds the cap, save that one value larger than the cap may pass alone.

A thread must not `get` a counted value while it holds another one, or two could wait for each other; nested loads pass
`size=0` and are counted when they are there.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Value = TypeVar("Value")
_ENTRIES = 1000  # values kept, however small


class _Entry(Generic[Value]):
    __slots__ = ("size", "users", "value")

    def __init__(self, size: int) -> None:
        self.value: Value | None = None  # None while it is being loaded
        self.size = size
        self.users = 1


class Store(Generic[Value]):
    """`cap`: bytes, in use and kept; of these, `spare` at most are kept unused. `weigh`: bytes a loaded value holds.
    `lasting`: may it be given to callers who come later?"""

    def __init__(
        self, cap: int, weigh: Callable[[Value], int], lasting: Callable[[Value], bool], *, spare: int | None = None
    ) -> None:
        self._cap = cap
        self._spare = cap if spare is None else spare
        self._weigh = weigh
        self._lasting = lasting
        self._entries: OrderedDict[Hashable, _Entry[Value]] = OrderedDict()  # least recently used first
        self._used = 0
        self._unused = 0  # bytes of values nobody uses now
        self._turn = threading.Condition()

    @property
    def used(self) -> int:
        """Bytes held now, in use or kept."""
        return self._used

    @contextmanager
    def get(self, key: Hashable, load: Callable[[], Value], *, size: int = 0) -> Iterator[Value]:
        """The value of `key`, loaded if it is not there; released at the end of the block.

        `size`: bytes it is expected to hold; waits until they fit. Errors of `load` reach this caller alone.
        """
        entry = self._take(key, load, size)
        try:
            assert entry.value is not None
            yield entry.value
        finally:
            self._release(key, entry)

    def _take(self, key: Hashable, load: Callable[[], Value], size: int) -> _Entry[Value]:
        with self._turn:
            while True:
                entry = self._entries.get(key)
                if entry is None:
                    if self._make_room(size):
                        break
                elif entry.value is not None:
                    if entry.users == 0:
                        self._unused -= entry.size
                    entry.users += 1
                    self._entries.move_to_end(key)
                    return entry
                self._turn.wait()
            entry = self._entries[key] = _Entry(size)
            self._used += size
        try:
            value = load()
        except BaseException:
            with self._turn:
                del self._entries[key]
                self._used -= size
                self._turn.notify_all()
            raise
        with self._turn:
            entry.value = value
            entry.size = self._weigh(value)
            self._used += entry.size - size
            self._turn.notify_all()
        return entry

    def _release(self, key: Hashable, entry: _Entry[Value]) -> None:
        with self._turn:
            entry.users -= 1
            if entry.users == 0:
                assert entry.value is not None
                self._unused += entry.size
                if not self._lasting(entry.value):
                    self._drop(key)
                self._forget(lambda: self._unused > self._spare or self._used > self._cap)
            self._turn.notify_all()

    def _make_room(self, size: int) -> bool:
        """Forget unused values until `size` more bytes fit; True when they do, or when nothing else is held."""
        self._forget(lambda: self._used + size > self._cap or len(self._entries) >= _ENTRIES)
        return size == 0 or self._used + size <= self._cap or self._used == 0

    def _forget(self, needed: Callable[[], bool]) -> None:
        """Drop unused values, the least recently used first, as long as it is `needed`."""
        if needed():
            for key in [key for key, entry in self._entries.items() if entry.users == 0]:
                if not needed():
                    break
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        size = self._entries.pop(key).size
        self._used -= size
        self._unused -= size
