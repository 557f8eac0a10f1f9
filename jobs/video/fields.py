"""Numbers of fixed width, as boxes hold them.

Rule: a field that the bytes at hand do not reach is Broken, never a guess.
"""

from collections.abc import Iterator
from struct import Struct

from jobs.video.boxes import Broken


class Fields:
    """Reads big-endian fields one after the other."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise Broken("a box that ends within a field")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def signed(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big", signed=True)

    def rows(self, form: str, count: int) -> Iterator[tuple[int, ...]]:
        """`count` rows of this form (of `struct`), or as many as there are."""
        row = Struct(form)
        return row.iter_unpack(self.take(min(count, self.left // row.size) * row.size))

    def head(self) -> tuple[int, int]:
        """Version and flags of a full box."""
        return self.number(1), self.number(3)
