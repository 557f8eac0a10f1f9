"""How long a film in fragments is.

Rule: an index is believed where it reaches to the end (`sidx`), else its last fragment tells (`mfra` leads there, or a
walk over all of them where they are few), else the header's promise (`mehd`), else nobody knows.
Facts: ISO/IEC 14496-12, 8.8.4 to 8.8.12 (moof, traf, tfhd, trun, mfra, tfra, mfro, tfdt), 8.16.3 (sidx).
"""

from dataclasses import dataclass

from jobs.video.boxes import Box, Broken, body, box_at, boxes, inside
from jobs.video.fields import Fields
from jobs.video.movie import Movie
from jobs.video.reading import Cut, Exhausted, FilmReader
from jobs.video.tracks import Track, rescaled

_SIDX_MOST = 1024 * 1024  # its 65,535 entries have 786,420 bytes
_TRUN_MOST = 512 * 1024
_AFTER = frozenset((b"mfra", b"free", b"skip", b"udta", b"meta", b"uuid"))  # what may follow the last fragment


class _Untimed(Exception):
    """A fragment that does not say when it begins: those before it do."""


@dataclass(slots=True)
class Fragments:
    """`end`: of the film, in units of its track's timescale; None: not known. `cut`: the last one is not whole.
    `samples` and their `time`: of the fragments looked at."""

    end: int | None = None
    samples: int = 0
    time: int = 0
    cut: bool = False


def read_fragments(reader: FilmReader, movie: Movie, track: Track) -> Fragments:
    """Of the fragments behind the header of `movie`."""
    found = Fragments()
    try:
        _by_index(reader, movie, track, found)
        if found.end is None and not found.cut:
            _by_last(reader, movie, track, found)
    except (Broken, Exhausted):
        found.end = None
    except Cut:
        found.end, found.cut = None, True
    if not found.end and movie.promised and movie.timescale:
        found.end = rescaled(movie.promised, track.timescale, movie.timescale)
    return found


# --- by an index at the beginning


def _by_index(reader: FilmReader, movie: Movie, track: Track, found: Fragments) -> None:
    """From the `sidx` boxes before the first fragment, and that fragment's own end where it is later: FFmpeg's way."""
    for box in boxes(reader, movie.end, reader.size):
        if box.kind == b"mdat" or (box.kind == b"sidx" and box.length > _SIDX_MOST):
            return
        if box.kind == b"moof":
            if found.end is not None:
                first = Fragments(end=0)
                _fragment(reader, box, movie, track, first)
                found.end = max(found.end, first.end or 0)
            return
        indexed = _indexed(reader, box, track) if box.kind == b"sidx" and found.end is None else None
        if indexed:
            at, end = indexed
            found.cut = at > reader.size
            if found.cut or not _is_the_end(reader, at):
                return
            found.end = end


def _indexed(reader: FilmReader, box: Box, track: Track) -> tuple[int, int] | None:
    """Where in the file, and when in the film, what a `sidx` names ends; None: it is of another track."""
    fields = Fields(body(reader, box, _SIDX_MOST))
    version, _ = fields.head()
    number, timescale = fields.number(4), fields.number(4)
    time, offset = (fields.number(8 if version else 4) for _ in range(2))
    fields.take(2)
    if number != track.number or not timescale:
        return None
    at = box.end + offset
    for size, lasts in fields.rows(">II4x", fields.number(2)):
        at += size & 0x7FFFFFFF
        time += lasts
    return at, rescaled(time, track.timescale, timescale)


def _is_the_end(reader: FilmReader, at: int) -> bool:
    """Whether no fragment follows."""
    if at + 8 > reader.size:
        return True
    box = box_at(reader, at, reader.size)
    return box is None or box.kind in _AFTER


# --- by the fragments themselves


def _by_last(reader: FilmReader, movie: Movie, track: Track, found: Fragments) -> None:
    """Walks over the fragments: from one of the last that an index at the end names, or from the first."""
    near = _near_the_end(reader, track)
    if near is not None:
        try:
            _walk(reader, near, movie, track, found)
            return
        except _Untimed:
            found.samples = found.time = 0
    found.end = track.length(movie.timescale)
    _walk(reader, movie.end, movie, track, found)


def _walk(reader: FilmReader, first: int, movie: Movie, track: Track, found: Fragments) -> None:
    for box in boxes(reader, first, reader.size):
        if box.end > reader.size and box.kind in (b"moof", b"mdat"):
            raise Cut
        if box.kind == b"moof":
            _fragment(reader, box, movie, track, found)
        elif box.kind == b"sidx" and box.length <= _SIDX_MOST and (indexed := _indexed(reader, box, track)):
            _, found.end = indexed  # FFmpeg's way: this counts from the first picture shown, not the first decoded


def _near_the_end(reader: FilmReader, track: Track) -> int | None:
    """Where the last fragment but one of the track is that `mfra`, at the end of the file, names.

    The last may have its own `sidx` before it.
    """
    tail = reader.read(reader.size - 16, 16) if reader.size >= 16 else b""
    if tail[4:8] != b"mfro":
        return None
    start = reader.size - int.from_bytes(tail[12:], "big")
    mfra = box_at(reader, start, reader.size) if 0 <= start < reader.size else None
    if mfra is None or mfra.kind != b"mfra":
        return None
    found = (_last_but_one(reader, box, track) for box in inside(reader, mfra) if box.kind == b"tfra")
    return next((at for at in found if at is not None and at < start), None)


def _last_but_one(reader: FilmReader, tfra: Box, track: Track) -> int | None:
    fields = Fields(body(reader, tfra, 16))
    version, _ = fields.head()
    number, widths, entries = fields.number(4), fields.number(4), fields.number(4)
    width = 8 if version == 1 else 4
    size = 2 * width + sum((widths >> shift & 3) + 1 for shift in (4, 2, 0))
    if number != track.number or entries < 2:
        return None
    at = tfra.body + 16 + (entries - 2) * size
    if at + 2 * size > tfra.end:
        raise Broken("an index shorter than it says")
    return int.from_bytes(reader.read(at + width, width), "big")


def _fragment(reader: FilmReader, moof: Box, movie: Movie, track: Track, found: Fragments) -> None:
    for traf in inside(reader, moof):
        if traf.kind == b"traf":
            _track_fragment(reader, traf, movie, track, found)


def _track_fragment(reader: FilmReader, traf: Box, movie: Movie, track: Track, found: Fragments) -> None:
    each, time = 0, found.end
    for box in inside(reader, traf):
        if box.kind == b"tfhd":
            number, own = _default(body(reader, box, 28))
            if number != track.number:
                return
            each = own if own is not None else movie.defaults.get(number, 0)
        elif box.kind == b"tfdt":
            fields = Fields(body(reader, box, 12))
            time = fields.number(8) if fields.head()[0] == 1 else fields.number(4)
        elif box.kind == b"trun":
            if time is None:
                raise _Untimed
            samples, lasts = _run(body(reader, box, _TRUN_MOST), each)
            found.samples, found.time, time = found.samples + samples, found.time + lasts, time + lasts
    found.end = max(time or 0, found.end or 0)


def _default(tfhd: bytes) -> tuple[int, int | None]:
    """The track of a fragment, and how long each of its samples lasts if it says so."""
    fields = Fields(tfhd)
    _, flags = fields.head()
    number = fields.number(4)
    fields.take(8 * bool(flags & 0x1) + 4 * bool(flags & 0x2))
    return number, fields.number(4) if flags & 0x8 else None


def _run(trun: bytes, each: int) -> tuple[int, int]:
    """Samples of a run, and how long they last together."""
    fields = Fields(trun)
    _, flags = fields.head()
    count = fields.number(4)
    fields.take(4 * bool(flags & 0x1) + 4 * bool(flags & 0x4))
    if not flags & 0x100:
        return count, count * each
    rest = 4 * sum(bool(flags & flag) for flag in (0x200, 0x400, 0x800))
    if count * (4 + rest) > fields.left:
        raise Broken("a run shorter than it says")
    return count, sum(lasts for (lasts,) in fields.rows(f">I{rest}x", count))
