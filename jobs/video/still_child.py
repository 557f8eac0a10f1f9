"""The disposable process that takes pictures out of films: `python -m jobs.video.still_child`, as jobs/media/child.py.

Rule: as jobs/video/decoding.py.
"""

import cv2

from jobs.codes import Code
from jobs.formats.sniff import sniff
from jobs.media.child import Answer, More, serve
from jobs.video.decoding import FilmStream, broken, frame_ms, jpeg, no_memory, opened, why_not

_QUALITY = 82
_MOST_READ = 2_000  # pictures from the one that can be jumped to


def main() -> None:
    serve(_still)


def _still(head: dict[str, object], body: bytes, more: More) -> Answer:
    """The picture that is on the screen at `at_ms` of a film of `size` bytes."""
    film = FilmStream(int(str(head["size"])), int(str(head["block"])), more)
    try:
        if sniff(film.read(64)) not in ("mp4", "mov"):
            return why_not(Code.UNSUPPORTED_CONTAINER, "not an MP4 or MOV file")
        film.seek(0)
        return _taken(film, float(str(head["at_ms"])), int(str(head["side"])))
    except MemoryError:
        return no_memory()
    except cv2.error as error:
        return broken(error)


def _taken(stream: FilmStream, at_ms: float, side: int) -> Answer:
    film = opened(stream)
    if film is None:
        return broken()
    film.set(cv2.CAP_PROP_POS_MSEC, max(0.0, at_ms - frame_ms(film)))  # where it lands is told after the next grab
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
        return why_not(Code.BROKEN, "it has no picture at this moment")
    return _small(picture, side)


def _small(picture: cv2.typing.MatLike, side: int) -> Answer:
    high, wide = picture.shape[:2]
    scale = min(1.0, side / max(high, wide))
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    return {"fit": "", "format": "jpeg", "width": size[0], "height": size[1]}, jpeg(small, _QUALITY)


if __name__ == "__main__":
    main()
