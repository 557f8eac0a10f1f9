"""The disposable process that takes pictures out of films: `python -m jobs.video.still_child`, as jobs/media/child.py.

Rule: only it imports OpenCV, which need not be there. It opens no file and no connection: its parent gives it the
film's blocks. FFmpeg takes them as MP4 or MOV and as nothing else, so that a playlist leads nowhere.
"""

import io
import os
from typing import Any

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file|format_whitelist;mov,mp4"
os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a thread a core is too much address space

import cv2

from jobs.codes import Code
from jobs.formats.sniff import sniff
from jobs.media.child import Answer, More, serve
from jobs.video.blocks import BLOCK

_QUALITY = 82
_MOST_READ = 2_000  # pictures from the one that can be jumped to


class _Film(io.BufferedIOBase):
    """The film as a stream, a block at a time from the parent."""

    def __init__(self, size: int, more: More) -> None:
        self._size = size
        self._more = more
        self._at = 0
        self._number, self._block = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence] + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        found = b""
        while len(found) < wanted:
            number, start = divmod(self._at, BLOCK)
            if number != self._number:
                self._number, self._block = number, self._more({"block": number})
            piece = self._block[start : start + wanted - len(found)]
            if not piece:
                break
            found += piece
            self._at += len(piece)
        return found


def main() -> None:
    serve(_still)


def _still(head: dict[str, object], body: bytes, more: More) -> Answer:
    """The picture that is on the screen at `at_ms` of a film of `size` bytes."""
    film = _Film(int(str(head["size"])), more)
    try:
        if sniff(film.read(64)) not in ("mp4", "mov"):
            return _why(Code.UNSUPPORTED_CONTAINER, "not an MP4 or MOV file")
        film.seek(0)
        return _taken(film, float(str(head["at_ms"])), int(str(head["side"])))
    except MemoryError:
        return _why(Code.BOMB, "decoding it wants more memory than a picture may have")
    except cv2.error as error:
        return _why(Code.BROKEN, f"it does not decode: {error.code}")


def _taken(stream: _Film, at_ms: float, side: int) -> Answer:
    source: Any = stream  # cv2's stubs know no stream of Python's
    film = cv2.VideoCapture(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if not film.isOpened():
        return _why(Code.BROKEN, "it does not decode")
    step = 1000 / (film.get(cv2.CAP_PROP_FPS) or 25.0)
    film.set(cv2.CAP_PROP_POS_MSEC, max(0.0, at_ms - step))  # where it lands is told after the next grab
    picture = None
    for _ in range(_MOST_READ):
        if not film.grab():
            break
        here = film.get(cv2.CAP_PROP_POS_MSEC)
        if picture is not None and here > at_ms + 1:
            break
        read, seen = film.retrieve()
        if read:
            picture = seen
    if picture is None:
        return _why(Code.BROKEN, "it has no picture at this moment")
    return _jpeg(picture, side)


def _jpeg(picture: cv2.typing.MatLike, side: int) -> Answer:
    high, wide = picture.shape[:2]
    scale = min(1.0, side / max(high, wide))
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return {"fit": "", "format": "jpeg", "width": size[0], "height": size[1]}, data.tobytes()


def _why(code: Code, message: str) -> Answer:
    return {"reason": str(code), "message": message}, b""


if __name__ == "__main__":
    main()
