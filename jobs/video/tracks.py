"""One track of a film: what it shows, how long and how it is turned.

Rule: long tables are passed over. `stts` is summed up to STTS_MOST bytes; beyond that the media header is believed,
which is what FFmpeg does too unless the sum is less.
Facts: ISO/IEC 14496-12, 8.3 (tkhd), 8.4 (mdhd, hdlr), 8.6.1 (stts), 8.6.6 (elst), 8.7.2 (dref), 8.7.3 (stsz);
QuickTime File Format, "Track Atoms". What FFmpeg makes of them: libavformat's mov demuxer, tried against it in tests.
"""

from dataclasses import dataclass, field
from math import atan2, degrees

from jobs.video.boxes import Box, body, inside
from jobs.video.fields import Fields
from jobs.video.reading import FilmReader
from jobs.video.samples import MOST, Description, description

STTS_MOST = 256 * 1024  # 32,768 entries: half an hour of frames of which no two last equally long
_ELST_MOST = 64 * 1024
_DREF_MOST = 64
_UNKNOWN = frozenset((0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF))
_NEGATIVE = 0xFFFFFFFF - 480_000  # a longer time of one frame is a correction backwards, as FFmpeg reads it
_PATH = {b"trak": (b"edts", b"mdia"), b"mdia": (b"minf",), b"minf": (b"dinf", b"stbl")}  # so deep and no deeper

Matrix = tuple[int, int, int, int]  # a, b, c, d of the 2 x 2 that turns
UPRIGHT: Matrix = (1, 0, 0, 1)


@dataclass(slots=True)
class Track:
    """Times are in units of 1/`timescale` s, those of `edits` in the movie's."""

    number: int = 0
    kind: bytes = b""  # b"vide", b"soun", ...
    timescale: int = 0
    media: int = 0  # how long, as its header says
    samples: int = 0
    summed: int | None = None  # how long, as its samples say
    edits: list[int] = field(default_factory=list)  # how long each is shown
    matrix: Matrix = UPRIGHT
    elsewhere: bool = False  # its frames are in another file
    description: Description | None = None

    @property
    def unedited(self) -> int:
        """How long its samples last. FFmpeg takes the shorter of both."""
        return min(self.media or self.summed, self.summed) if self.summed else self.media

    def length(self, movie_timescale: int) -> int:
        """How long it is, as FFmpeg says: no longer than what its edit list shows. One that shows nothing at all, where
        FFmpeg says 0, is not believed."""
        if not (self.edits and self.samples and movie_timescale):
            return self.unedited
        shown = sum(rescaled(edit, self.timescale, movie_timescale) for edit in self.edits)
        return min(self.unedited, shown) if shown else self.unedited

    @property
    def rate(self) -> float | None:
        """Frames a second on the average, before edits."""
        time = self.summed or self.media
        return self.samples * self.timescale / time if time and self.samples else None


def rescaled(value: int, to: int, of: int) -> int:
    """`value` units of 1/`of` s as units of 1/`to` s, to the nearest."""
    return (value * to * 2 + of) // (2 * of)


def turned(track: Matrix, movie: Matrix) -> int:
    """Degrees clockwise that a picture is turned by to be upright: 0, 90, 180 or 270."""
    a, b, c, d = movie
    across, down = track[0] * a + track[1] * c, track[0] * b + track[1] * d
    return round(degrees(atan2(down, across)) / 90) % 4 * 90 if across or down else 0


def matrix(fields: Fields) -> Matrix:
    """Of the nine numbers of a header's matrix, those that turn."""
    a, b, _, c, d = (fields.signed(4) for _ in range(5))
    fields.take(16)
    return a, b, c, d


def read_track(reader: FilmReader, trak: Box) -> Track:
    track = Track()
    _look_into(reader, trak, track)
    return track


def _look_into(reader: FilmReader, box: Box, track: Track) -> None:
    for inner in inside(reader, box):
        if inner.kind in _PATH.get(box.kind, ()):
            _look_into(reader, inner, track)
        elif inner.kind in _READ:
            _READ[inner.kind](reader, inner, track)
        if box.kind == b"stbl" and _is_complete(track):
            return


def _is_complete(track: Track) -> bool:
    """Whether the rest of its tables can be passed over, unlooked at."""
    of_no_use = track.kind not in (b"vide", b"soun")
    timed = track.kind == b"soun" or track.summed is not None or track.samples > 0
    return of_no_use or (track.description is not None and timed)


def _header(reader: FilmReader, box: Box, track: Track) -> None:
    fields = Fields(body(reader, box, 96))
    version, _ = fields.head()
    fields.take(16 if version == 1 else 8)
    track.number = fields.number(4)
    fields.take(4 + (8 if version == 1 else 4) + 16)
    track.matrix = matrix(fields)


def _media(reader: FilmReader, box: Box, track: Track) -> None:
    track.timescale, track.media = scale_and_length(Fields(body(reader, box, 36)))


def scale_and_length(fields: Fields) -> tuple[int, int]:
    """Timescale and length as `mvhd` and `mdhd` have them; 0: not known."""
    version, _ = fields.head()
    width = 8 if version == 1 else 4
    fields.take(2 * width)
    timescale, length = fields.number(4), fields.number(width)
    return timescale, 0 if length in _UNKNOWN else length


def _handler(reader: FilmReader, box: Box, track: Track) -> None:
    kind = body(reader, box, 12)[8:12]
    track.kind = track.kind or kind  # QuickTime has a second one, of the data's place


def _edits(reader: FilmReader, box: Box, track: Track) -> None:
    if box.length > _ELST_MOST:
        return
    fields = Fields(body(reader, box, _ELST_MOST))
    version, _ = fields.head()
    form = ">Q12x" if version == 1 else ">I8x"
    track.edits.extend(shown for (shown,) in fields.rows(form, fields.number(4)))


def _places(reader: FilmReader, box: Box, track: Track) -> None:
    fields = Fields(body(reader, box, _DREF_MOST))
    fields.take(8)
    size, kind, flags = fields.number(4), fields.take(4), fields.number(4)
    track.elsewhere = not flags & 1 and (kind in (b"alis", b"rsrc") or size > 13)


def _describe(reader: FilmReader, box: Box, track: Track) -> None:
    if track.kind in (b"vide", b"soun"):
        track.description = description(body(reader, box, MOST), video=track.kind == b"vide")


def _times(reader: FilmReader, box: Box, track: Track) -> None:
    if track.kind != b"vide" or box.length > STTS_MOST:
        return
    fields = Fields(body(reader, box, STTS_MOST))
    fields.head()
    time = samples = 0
    for count, each in fields.rows(">II", fields.number(4)):
        samples += count
        time += count * (each if each <= _NEGATIVE else each - (1 << 32))
    track.samples, track.summed = samples, max(0, time)


def _sizes(reader: FilmReader, box: Box, track: Track) -> None:
    fields = Fields(body(reader, box, 12))
    fields.take(8)
    track.samples = track.samples or fields.number(4)


_READ = {
    b"tkhd": _header,
    b"mdhd": _media,
    b"hdlr": _handler,
    b"elst": _edits,
    b"dref": _places,
    b"stsd": _describe,
    b"stts": _times,
    b"stsz": _sizes,
    b"stz2": _sizes,
}
