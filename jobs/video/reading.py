"""Bytes of a file here and there, in few reads and within bounds.

Rule: a file that would take more reads, bytes or boxes than these is given up, whatever its boxes say.
"""

from collections.abc import Callable
from dataclasses import dataclass

FIRST = 64 * 1024  # bytes of the first read: the whole header of a short film that begins with it
NEXT = 32 * 1024  # of each further one at least: the header of a track, without its long tables
MAX_READS = 40
MAX_BYTES = 2 * 1024 * 1024
MAX_BOXES = 10_000

Fetch = Callable[[int, int], bytes]  # first byte, count -> bytes, fewer at the end of the file


class Exhausted(Exception):
    """More reads, bytes or boxes than any film needs."""


class Cut(Exception):
    """The file ends before what its boxes promise."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What looking at a file took: of S3, `count` is GET requests."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: "Reads") -> "Reads":
        return Reads(self.count + other.count, self.bytes + other.bytes)


class FilmReader:
    """One file of `size` bytes, for one thread. Holds the last bytes it read."""

    def __init__(self, fetch: Fetch, size: int, head: bytes = b"", reads: Reads | None = None) -> None:
        """`head`: the file's first bytes where they are at hand; `reads`: what they took."""
        self.size = size
        self.reads = reads or Reads()
        self.boxes = 0  # looked at
        self.fetch = fetch  # without bounds
        self._start, self._held = 0, head

    def read(self, first: int, count: int) -> bytes:
        """`count` bytes from `first`. Raises Cut where the file has fewer."""
        if first + count > self.size:
            raise Cut
        if not self._start <= first <= first + count <= self._start + len(self._held):
            self._turn_to(first, count)
        at = first - self._start
        return self._held[at : at + count]

    def count_box(self) -> None:
        if self.boxes >= MAX_BOXES:
            raise Exhausted
        self.boxes += 1

    def _turn_to(self, first: int, count: int) -> None:
        wanted = min(max(count, NEXT), self.size - first)
        if self.reads.count >= MAX_READS or self.reads.bytes + wanted > MAX_BYTES:
            raise Exhausted
        self._held = self.fetch(first, wanted)
        self._start = first
        self.reads += Reads(1, len(self._held))
        if len(self._held) < count:
            raise Cut
