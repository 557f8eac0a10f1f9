"""The movie header (`moov`): the tracks of a film, and whether it goes on in fragments.

Rule: found by walking the file's outer boxes from the first; what lies between is jumped over. A film whose media end
behind the end of the file is cut off, wherever its header is.
Facts: ISO/IEC 14496-12, 8.2 (moov, mvhd), 8.8.1 and 8.8.2 (mvex, mehd), 8.8.3 (trex).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.video.boxes import Box, Broken, body, boxes, inside
from jobs.video.fields import Fields
from jobs.video.reading import Cut, Exhausted, FilmReader
from jobs.video.tracks import UPRIGHT, Matrix, Track, matrix, read_track, scale_and_length

_MEDIA = frozenset((b"mdat", b"moof", b"moov"))


@dataclass(slots=True)
class Movie:
    end: int  # of `moov`, in the file
    timescale: int = 0
    matrix: Matrix = UPRIGHT
    tracks: list[Track] = field(default_factory=list)
    fragmented: bool = False
    promised: int = 0  # how long with all its fragments, if it says so; in units of `timescale`
    defaults: dict[int, int] = field(default_factory=dict)  # track -> how long a sample of a fragment lasts

    @property
    def film(self) -> Track | None:
        """The track that is the film: the first that shows pictures and is no cover."""
        shown = [track for track in self.tracks if track.kind == b"vide" and track.description]
        moving = [track for track in shown if track.description and not track.description.still]
        return next(iter(moving or shown), None)

    @property
    def sound(self) -> Track | None:
        return next((track for track in self.tracks if track.kind == b"soun" and track.description), None)


def find_movie(reader: FilmReader) -> tuple[Movie, bool]:
    """The header, and whether media that the file promises are missing. Raises Cut where there is no header."""
    outer = _outer(reader, 0)
    for box in outer:
        if box.end > reader.size and box.kind in _MEDIA:
            raise Cut
        if box.kind == b"moov":
            movie = read_movie(reader, box)
            return movie, not movie.fragmented and _is_cut(reader, box.end)
    raise Cut


def read_movie(reader: FilmReader, moov: Box) -> Movie:
    movie = Movie(moov.end)
    for inner in inside(reader, moov):
        if inner.kind == b"mvhd":
            _header(reader, inner, movie)
        elif inner.kind == b"trak":
            movie.tracks.append(read_track(reader, inner))
        elif inner.kind == b"mvex":
            _extends(reader, inner, movie)
        elif inner.kind == b"cmov":
            raise Broken("its header is compressed, as before 2002")
    return movie


def _outer(reader: FilmReader, first: int) -> Iterator[Box]:
    return boxes(reader, first, reader.size)


def _is_cut(reader: FilmReader, first: int) -> bool:
    """Whether one of the boxes from here on ends behind the file. What is no box, after the header, is no matter."""
    try:
        return any(box.end > reader.size for box in _outer(reader, first) if box.kind in _MEDIA)
    except (Broken, Cut, Exhausted):
        return False


def _header(reader: FilmReader, box: Box, movie: Movie) -> None:
    fields = Fields(body(reader, box, 108))
    movie.timescale, _ = scale_and_length(fields)
    fields.take(16)
    movie.matrix = matrix(fields)


def _extends(reader: FilmReader, mvex: Box, movie: Movie) -> None:
    movie.fragmented = True
    for inner in inside(reader, mvex):
        fields = Fields(body(reader, inner, 24)) if inner.kind in (b"mehd", b"trex") else None
        if fields and inner.kind == b"mehd":
            version, _ = fields.head()
            movie.promised = fields.number(8 if version == 1 else 4)
        elif fields:
            fields.take(4)
            number, _ = fields.number(4), fields.take(4)
            movie.defaults[number] = fields.number(4)
