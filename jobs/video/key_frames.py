"""When a film's key frames are shown: those a decoder can begin with, as the film's header lists them.

Rule: read from the sample tables by a few ranged reads, nothing is decoded. Where the table of delays is longer than
CTTS_MOST, each key frame is taken to be delayed as the first, which encoders do.
Facts: ISO/IEC 14496-12, 8.6.1.2 (stts), 8.6.1.3 (ctts), 8.6.2 (stss: without it each sample is one), 8.6.6 (elst).
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from jobs.video.boxes import Box, Broken, body, boxes, inside
from jobs.video.fields import Fields
from jobs.video.reading import Cut, Exhausted, FilmReader
from jobs.video.tracks import STTS_MOST

CTTS_MOST = 512 * 1024  # 65,536 entries: half an hour of frames of which no two next to each other are delayed alike
STSS_MOST = 512 * 1024  # 131,072 key frames
_PATH = {b"trak": (b"edts", b"mdia"), b"mdia": (b"minf",), b"minf": (b"stbl",)}


@dataclass(slots=True)
class _Runs:
    """A value for each sample, told by how many in a row have it."""

    ends: list[int] = field(default_factory=list)  # samples up to the end of each run
    values: list[int] = field(default_factory=list)

    def at(self, sample: int) -> int:
        place = bisect_right(self.ends, sample)
        return self.values[place] if place < len(self.values) else self.values[-1] if self.values else 0


@dataclass(slots=True)
class _Tables:
    timescale: int = 0
    kind: bytes = b""
    keys: list[int] | None = None  # numbers of samples, from 0
    lasts: _Runs = field(default_factory=_Runs)
    delays: _Runs = field(default_factory=_Runs)
    starts: int | None = None  # when in its media the film begins

    def moments(self) -> Iterator[int]:
        """Milliseconds."""
        begins = [0, *accumulate(value * count for value, count in _counted(self.lasts))]
        samples = self.lasts.ends[-1] if self.lasts.ends else 0
        start = self.starts if self.starts is not None else self.delays.at(0)
        for sample in range(samples) if self.keys is None else self.keys:
            if sample >= samples:
                return
            place = bisect_right(self.lasts.ends, sample)
            before = self.lasts.ends[place - 1] if place else 0
            time = begins[place] + (sample - before) * self.lasts.values[place]
            yield max(0, (time + self.delays.at(sample) - start) * 1000 // self.timescale)


def key_frames(reader: FilmReader, length_ms: int) -> tuple[int, ...]:
    """When the key frames of a film of this length are shown, in milliseconds; none where its header lists none, as
    that of a film in fragments."""
    try:
        tables = next((found for found in _tracks(reader) if found.kind == b"vide" and found.timescale), None)
        moments = sorted(set(tables.moments())) if tables and tables.lasts.ends else []
    except (Broken, Cut, Exhausted):
        return ()
    return tuple(moment for moment in moments if moment < length_ms)


def _counted(runs: _Runs) -> Iterator[tuple[int, int]]:
    for place, value in enumerate(runs.values):
        yield value, runs.ends[place] - (runs.ends[place - 1] if place else 0)


def _tracks(reader: FilmReader) -> Iterator[_Tables]:
    for outer in boxes(reader, 0, reader.size):
        if outer.kind == b"moov":
            for inner in inside(reader, outer):
                if inner.kind == b"trak":
                    tables = _Tables()
                    _look_into(reader, inner, tables)
                    yield tables
            return


def _look_into(reader: FilmReader, box: Box, tables: _Tables) -> None:
    for inner in inside(reader, box):
        if inner.kind in _PATH.get(box.kind, ()):
            _look_into(reader, inner, tables)
        elif inner.kind in _READ:
            _READ[inner.kind](reader, inner, tables)
        if tables.kind not in (b"", b"vide"):
            return


def _media(reader: FilmReader, box: Box, tables: _Tables) -> None:
    fields = Fields(body(reader, box, 36))
    version, _ = fields.head()
    fields.take(16 if version == 1 else 8)
    tables.timescale = fields.number(4)


def _handler(reader: FilmReader, box: Box, tables: _Tables) -> None:
    tables.kind = tables.kind or body(reader, box, 12)[8:12]


def _edits(reader: FilmReader, box: Box, tables: _Tables) -> None:
    fields = Fields(body(reader, box, 4096))
    version, _ = fields.head()
    form = ">qq4x" if version == 1 else ">ii4x"
    times = (time for _, time in fields.rows(form, fields.number(4)) if time >= 0)
    tables.starts = next(times, None)


def _times(reader: FilmReader, box: Box, tables: _Tables) -> None:
    if box.length <= STTS_MOST:
        tables.lasts = _runs(reader, box, ">II")


def _delays(reader: FilmReader, box: Box, tables: _Tables) -> None:
    whole = box.length <= CTTS_MOST
    tables.delays = _runs(reader, box, ">Ii", None if whole else 1)


def _runs(reader: FilmReader, box: Box, form: str, most: int | None = None) -> _Runs:
    fields = Fields(body(reader, box, CTTS_MOST if most is None else 8 + 8 * most))
    fields.head()
    rows = list(fields.rows(form, fields.number(4)))
    return _Runs(list(accumulate(count for count, _ in rows)), [value for _, value in rows])


def _keys(reader: FilmReader, box: Box, tables: _Tables) -> None:
    fields = Fields(body(reader, box, STSS_MOST))
    fields.head()
    tables.keys = [number - 1 for (number,) in fields.rows(">I", fields.number(4)) if number]


_READ = {
    b"mdhd": _media,
    b"hdlr": _handler,
    b"elst": _edits,
    b"stts": _times,
    b"ctts": _delays,
    b"stss": _keys,
}
