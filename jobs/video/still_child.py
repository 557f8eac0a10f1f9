"""The disposable process that takes pictures out of films: `python -m jobs.video.still_child`, as jobs/media/child.py.

Rule: only it imports OpenCV, which need not be there. FFmpeg is let at one local file as MP4 or MOV: no other format,
no other protocol, so that a file that says where to fetch more from fetches nothing.
"""

import os

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file|format_whitelist;mov,mp4"
os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a thread a core is too much address space

import cv2

from jobs.codes import Code
from jobs.formats.sniff import sniff
from jobs.media.child import Answer, serve

_QUALITY = 82
_MOST_READ = 2_000  # pictures from the one that can be jumped to


def main() -> None:
    serve(_still)


def _still(head: dict[str, object], body: bytes) -> Answer:
    """The picture that is on the screen at `at_ms` of the film whose path is `body`."""
    try:
        with open(body, "rb") as file:  # noqa: PTH123  a path of bytes
            if sniff(file.read(64)) not in ("mp4", "mov"):
                return _why(Code.UNSUPPORTED_CONTAINER, "not an MP4 or MOV file")
            # OpenCV dies of a path that is not UTF-8; and this one is the file that was looked at.
            return _taken(f"/dev/fd/{file.fileno()}", float(str(head["at_ms"])), int(str(head["side"])))
    except OSError as error:
        return _why(Code.UNREADABLE, f"cannot read it: {error.strerror}")
    except MemoryError:
        return _why(Code.BOMB, "decoding it wants more memory than a picture may have")
    except cv2.error as error:
        return _why(Code.BROKEN, f"it does not decode: {error.code}")


def _taken(path: str, at_ms: float, side: int) -> Answer:
    film = cv2.VideoCapture()
    if not film.open(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]):
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
