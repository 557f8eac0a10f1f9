"""The disposable process that takes frames out of films: `python -m jobs.video.frame_child`, as jobs/media/child.py.

Rule: as jobs/video/decoding.py; and a film is gone through in order: what is asked of one film after the other goes on
where the last question ended, and only a wide gap is jumped over.

The frame of a moment is the one on the screen then: the last that begins at that moment or before it.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from jobs.media.child import Answer, More, serve
from jobs.media.marks import GRID, difference_hash
from jobs.video.decoding import FilmStream, broken, frame_ms, jpeg, no_memory, opened

_QUALITY = 90
_FAR = 10_000  # milliseconds: a longer gap is jumped over, which decodes again from the last key frame before it
_EARLY = 1.0  # milliseconds that a frame may begin after its moment, for times are rounded
_SHOT = (160, 90)  # shots are told at this size
_CUT = 27.0  # mean difference of hue, saturation and value from one frame to the next
_JUMP = 15.0  # the same, where it is _TIMES as much as before and after
_TIMES = 3

Picture = cv2.typing.MatLike


@dataclass(slots=True)
class _Film:
    """A film under way. `here`: when the frame that was read last begins, None: none was, or there is none left."""

    name: str
    film: cv2.VideoCapture
    gap: float  # milliseconds between the last two frames, at first on the average
    here: float | None = None
    begun: bool = False
    last: float = -1.0  # when the last frame before `here` begins, or the last of all
    kept: Picture | None = None
    kept_at: float = -1.0
    average: float = field(init=False)

    def __post_init__(self) -> None:
        self.average = self.gap

    def at(self, moment: float) -> Picture | None:
        """The frame of a moment, None where the film shows none. Moments that rise are the cheap way."""
        if not self._within(moment):
            self._jump(moment)
        while self.here is not None and self.here <= moment + _EARLY:
            if self.here + 1.5 * max(self.gap, self.average) > moment:
                self._keep()
            passed = self.here
            self._next()
            if self.here is not None and self.here > moment + _EARLY and self.kept_at != passed:
                self._back_to(passed)  # a frame that is shown far longer than those before it
        shown = self.here is not None or moment <= self.last + 2 * max(self.gap, self.average) + _EARLY
        return self.kept if shown and self.kept_at == self.last else None

    def frames(self, start: float, end: float) -> Iterator[tuple[float, Picture]]:
        """The frame of `start`, and those that begin after it and before `end`."""
        first = self.at(start)
        if first is not None:
            yield self.kept_at, first
        while self.here is not None and self.here < end:
            self._keep()
            yield self.kept_at, self.kept  # type: ignore[misc]  # it was just read
            self._next()

    def _within(self, moment: float) -> bool:
        """Whether going on leads to it."""
        if self.here is None:
            return self.begun and moment >= self.kept_at >= 0
        reached = self.here <= moment + _EARLY or 0 <= self.kept_at <= moment + _EARLY
        return reached and moment - self.here <= _FAR

    def _jump(self, moment: float) -> None:
        """To a frame at the moment or before it."""
        back, begun = self.average, self.begun
        self.kept, self.kept_at, self.last, self.begun = None, -1.0, -1.0, True
        while True:
            to = max(0.0, moment - back)
            if begun or to > 0:
                self.film.set(cv2.CAP_PROP_POS_MSEC, to)
            begun, self.here = True, None
            now = self._next()
            if to == 0 or (now is not None and now <= moment + _EARLY):
                return
            back = 4 * back + 1000

    def _back_to(self, passed: float) -> None:
        """To the frame after the one that began then, which is kept."""
        self._jump(passed)
        while self.here is not None and self.here < passed - _EARLY / 2:
            self._next()
        self._keep()
        self._next()

    def _next(self) -> float | None:
        """Read the next frame; when it begins."""
        before, self.here = self.here, None
        if before is not None:
            self.last = before
        if self.film.grab():
            self.here = float(self.film.get(cv2.CAP_PROP_POS_MSEC))
            if before is not None and self.here > before:
                self.gap = self.here - before
        return self.here

    def _keep(self) -> None:
        read, picture = self.film.retrieve()
        if read and self.here is not None:
            self.kept, self.kept_at = picture, self.here


_under_way: list[_Film] = []  # the one that was asked about last


def main() -> None:
    serve(_answer)


def _answer(head: dict[str, object], body: bytes, more: More) -> Answer:
    """`times`: moments in milliseconds, whose frames are wanted as `jpeg` or as `marks`; or `shots`: a span whose cuts
    are wanted."""
    try:
        film = _film(head, more)
        if film is None:
            return broken()
        if head["want"] == "cuts":
            start, end = (float(edge) for edge in head["span"])  # type: ignore[attr-defined]
            return {"cuts": list(_cuts(film, start, end))}, b""
        found = (film.at(float(moment)) for moment in head["times"])  # type: ignore[attr-defined]
        if head["want"] == "marks":
            return {"marks": [None if one is None else _mark(one) for one in found]}, b""
        pieces = [b"" if one is None else jpeg(one, _QUALITY) for one in found]
        return {"sizes": [len(piece) for piece in pieces]}, b"".join(pieces)
    except MemoryError:
        _under_way.clear()
        return no_memory()
    except cv2.error as error:
        _under_way.clear()
        return broken(error)


def _film(head: dict[str, object], more: More) -> _Film | None:
    name = str(head["film"])
    if not _under_way or _under_way[0].name != name:
        _under_way.clear()
        film = opened(FilmStream(int(str(head["size"])), int(str(head["block"])), more))
        if film is None:
            return None
        _under_way.append(_Film(name, film, frame_ms(film)))
    return _under_way[0]


def _mark(picture: Picture) -> list[int]:
    """What two frames are compared by: a difference hash, and the mean of blue, green and red."""
    small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), GRID, interpolation=cv2.INTER_AREA)
    return [difference_hash(small.tobytes()), *map(round, cv2.mean(picture)[:3])]


def _cuts(film: _Film, start: float, end: float) -> Iterator[float]:
    """When a shot begins, from `start` on and before `end`, by the frames around, too."""
    around = film.frames(max(0.0, start - 2 * film.average), end + 2 * film.average)
    shots = itertools.pairwise((at, _shot(picture)) for at, picture in around)
    changes = [(at, float(np.abs(now - before).mean())) for (_, before), (at, now) in shots]
    for (_, before), (at, now), (_, after) in zip(
        [(0, 0.0), *changes], changes, [*changes[1:], (0, 0.0)], strict=False
    ):
        if start <= at < end and (now > _CUT or now >= max(_JUMP, _TIMES * before, _TIMES * after)):
            yield at


def _shot(picture: Picture) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    small = cv2.resize(picture, _SHOT, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2HSV).astype(np.int16)


if __name__ == "__main__":
    main()
