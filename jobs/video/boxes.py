"""The boxes (QuickTime: atoms) that MP4 and MOV files are made of.

Rule: a walk only goes forward, inside its parent, and each step is counted: no size a box claims leads it round.
Facts: ISO/IEC 14496-12, 4.2 (size, type, largesize); QuickTime File Format, "Atoms" (a size of 0 at top level: to the
end of the file; four zero bytes may end a list).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.video.reading import FilmReader


@dataclass(frozen=True, slots=True)
class Box:
    kind: bytes  # four characters
    start: int  # of its header, in the file
    body: int  # first byte after its header
    end: int  # first byte after it, as it says itself: may be beyond its parent's end, or the file's

    @property
    def length(self) -> int:
        """Bytes of its body."""
        return self.end - self.body


class Broken(Exception):
    """Boxes that cannot be what they say."""


def boxes(reader: FilmReader, first: int, end: int) -> Iterator[Box]:
    """The boxes side by side from `first` to `end`. Raises Broken for a size that is none."""
    at = first
    while at + 8 <= end:
        box = box_at(reader, at, end)
        if box is None:
            return
        yield box
        at = box.end


def box_at(reader: FilmReader, at: int, end: int) -> Box | None:
    """The box that begins at `at`; None for the zeroes that end a list."""
    reader.count_box()
    head = reader.read(at, 8)
    size, kind, body = int.from_bytes(head[:4], "big"), head[4:], at + 8
    if size == 1:
        size, body = int.from_bytes(reader.read(body, 8), "big"), at + 16
    elif size == 0:
        if kind == bytes(4):
            return None
        size = end - at
    if size < body - at or body > end:
        raise Broken(f"a box {printable(kind)} of {size} bytes")
    return Box(kind, at, body, at + size)


def inside(reader: FilmReader, box: Box) -> Iterator[Box]:
    """The boxes of a box, each cut to it."""
    for inner in boxes(reader, box.body, min(box.end, reader.size)):
        yield inner if inner.end <= box.end else Box(inner.kind, inner.start, inner.body, box.end)


def body(reader: FilmReader, box: Box, most: int) -> bytes:
    """What is in it, at most its first `most` bytes."""
    return reader.read(box.body, min(box.length, most))


def printable(kind: bytes) -> str:
    """A box's kind as text, whatever its bytes."""
    return "".join(character if " " <= character <= "~" else "?" for character in kind.decode("latin-1")).strip()
