"""What the processes that decode films have in common: a film as a stream, OpenCV over it, pictures as JPEG.

Rule: imported in disposable children only, for OpenCV need not be there. A child opens no file and no connection: its
parent gives it the film's blocks. FFmpeg takes them as MP4 or MOV and as nothing else, so that a playlist leads
nowhere.
"""

import io
import os
from typing import Any

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file|format_whitelist;mov,mp4"
os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a thread a core is too much address space

import cv2

from jobs.codes import Code
from jobs.media.child import Answer, More


class FilmStream(io.BufferedIOBase):
    """The film as a stream, a block at a time from the parent."""

    def __init__(self, size: int, block: int, more: More) -> None:
        self._size = size
        self._length = block
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
            number, start = divmod(self._at, self._length)
            if number != self._number:
                self._number, self._block = number, self._more({"block": number})
            piece = self._block[start : start + wanted - len(found)]
            if not piece:
                break
            found += piece
            self._at += len(piece)
        return found


def opened(stream: FilmStream) -> cv2.VideoCapture | None:
    """None: it does not decode."""
    source: Any = stream  # cv2's stubs know no stream of Python's
    film = cv2.VideoCapture(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    return film if film.isOpened() else None


def frame_ms(film: cv2.VideoCapture) -> float:
    """How long a frame is shown, on the average."""
    return float(1000 / (film.get(cv2.CAP_PROP_FPS) or 25.0))


def jpeg(picture: cv2.typing.MatLike, quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def why_not(code: Code, message: str) -> Answer:
    return {"reason": str(code), "message": message}, b""


def no_memory() -> Answer:
    return why_not(Code.BOMB, "decoding it wants more memory than a picture may have")


def broken(error: cv2.error | None = None) -> Answer:
    return why_not(Code.BROKEN, f"it does not decode: {error.code}" if error else "it does not decode")
