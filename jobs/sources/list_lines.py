"""Lines of a list file as UTF-8, whatever wrote it.

Rule: memory is bounded. A line longer than any URI is one trouble, not a gigabyte; what is UTF-16 is recoded as it is
read.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO

LONGEST = 1 << 20  # bytes of a line; a URI has at most some thousand
_HEAD = 4096  # bytes looked at before reading


class TooLong(csv.Error):
    """A line beyond LONGEST; it was passed by, and the next one can be read."""


class Lines:
    """The lines of `file`, with their ends. `next` raises TooLong for one that is, and goes on after it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._first = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self._file.readline(LONGEST)
        if not line:
            raise StopIteration
        if self._first:
            self._first = False
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) < LONGEST or line.endswith(b"\n"):
            return line
        while line and not line.endswith(b"\n"):
            line = self._file.readline(LONGEST)
        raise TooLong("the line is too long")


class Texts:
    """The same as text, for csv."""

    def __init__(self, file: IO[bytes]) -> None:
        self._lines = Lines(file)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._lines).decode("utf-8", "surrogateescape")


def peekable(file: IO[bytes]) -> io.BufferedReader:
    """`file` as UTF-8 that can be looked into by `head`."""
    assert isinstance(file, io.BufferedReader)  # what `open_bytes` gives
    coding = _utf16(head(file))
    return io.BufferedReader(_Recoded(file, coding)) if coding else file


def head(file: io.BufferedReader) -> bytes:
    """The first bytes, still to be read."""
    return file.peek(_HEAD)[:_HEAD]


def _utf16(start: bytes) -> str | None:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: text in Latin letters has a NUL at every other place.
    low, high = start[0:16:2], start[1:16:2]
    if len(high) > 1 and not any(high) and all(low):
        return "utf-16-le"
    return "utf-16-be" if len(low) > 1 and not any(low) and all(high) else None


class _Recoded(io.RawIOBase):
    def __init__(self, file: IO[bytes], coding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(coding)("replace")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            data = self._file.read(65_536)
            self._left = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        piece = self._left[: len(buffer)]
        self._left = self._left[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)
