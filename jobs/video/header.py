"""From a file's bytes to the film they are, or to why it cannot be sent.

Rule: any bytes give a Film, a Skip or both, never an exception, within the reader's bounds.
"""

from jobs.codes import Code
from jobs.formats.sniff import family, sniff
from jobs.media.check import Skip
from jobs.video.boxes import Broken
from jobs.video.film import CONTAINERS, Film, verdict
from jobs.video.fragments import Fragments, read_fragments
from jobs.video.movie import Movie, find_movie
from jobs.video.reading import Cut, Exhausted, FilmReader
from jobs.video.tracks import Track, rescaled, turned

_SNIFF = 256
_LONGEST = 2**53  # milliseconds: a number that every table and reader of JSON can hold
_OUTER = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"sidx", b"moof"))
_TRUNCATED = "it ends before its last frame: part of the file is missing"
_NO_HEADER = "it has no movie header: the file is cut off, or its recording was never finished"

Looked = tuple[Film | None, Skip | None]


def look(reader: FilmReader, content: str | None = None) -> Looked:
    """What the file is, and why it is never sent; the film is known where its header could be read."""
    try:
        return _look(reader, content)
    except Cut:
        return None, Skip(Code.TRUNCATED, _NO_HEADER)
    except Broken as error:
        return None, Skip(Code.BROKEN, f"its header cannot be read: {error}")
    except Exhausted:
        return None, Skip(Code.BROKEN, "its header is in more pieces than any film's")


def _look(reader: FilmReader, content: str | None) -> Looked:
    container, skip = _container(reader.read(0, min(reader.size, _SNIFF)))
    if skip:
        return None, skip
    movie, cut = find_movie(reader)
    track = movie.film
    if track is None or not track.timescale:
        return None, Skip(Code.NO_VIDEO, "it has no picture track", container)
    if not movie.fragmented and track.summed == track.samples == 0:
        return None, Skip(Code.NO_VIDEO, "its picture track has no frames", container)
    if track.elsewhere:
        return None, Skip(f"{Code.UNSUPPORTED_CONTAINER}: reference", "its frames are in another file", container)
    fragments = read_fragments(reader, movie, track) if movie.fragmented else None
    film = _film(reader.size, container, content, movie, track, fragments)
    if cut or (fragments and fragments.cut):
        return film, Skip(Code.TRUNCATED, _TRUNCATED, container)
    return film, verdict(film)


def _container(head: bytes) -> tuple[str, Skip | None]:
    """What kind of file it is, and why it is none that Rekognition takes."""
    name = sniff(head)
    if name in CONTAINERS:
        return name or "", None
    if name and family(name) == "image":
        return name, Skip(f"{Code.NOT_A_VIDEO}: {name}", f"its bytes are {name}, whatever its name says", name)
    if head[4:8] in _OUTER:
        return "mp4", None
    if name is None:
        return "", Skip(Code.UNSUPPORTED_CONTAINER, "its bytes are of no video format we know")
    return name, Skip(f"{Code.UNSUPPORTED_CONTAINER}: {name}", f"Rekognition takes MP4 and MOV; this is {name}", name)


def _film(
    size: int, container: str, content: str | None, movie: Movie, track: Track, fragments: Fragments | None
) -> Film:
    found = track.description
    assert found is not None
    rotation = turned(track.matrix, movie.matrix)
    width, height = (found.height, found.width) if rotation in (90, 270) else (found.width, found.height)
    length = fragments.end if fragments else track.length(movie.timescale)
    rate = track.rate
    if fragments and fragments.time:
        rate = fragments.samples * track.timescale / fragments.time
    return Film(
        size=size,
        container=container,
        codec=found.codec,
        length_ms=_ms(length, track),
        unedited_ms=_ms(length if fragments else track.unedited, track),
        width=width,
        height=height,
        rotation=rotation,
        fps=rate,
        profile=found.profile,
        audio=movie.sound.description.codec if movie.sound and movie.sound.description else None,
        content=content,
    )


def _ms(length: int | None, track: Track) -> int | None:
    return min(_LONGEST, rescaled(length, 1000, track.timescale)) if length else None
