"""How long the picture of an MP4 or MOV file runs, as its header says, to the millisecond.

The shortest of the track's own length (ISO/IEC 14496-12, 8.4.2), that of all its samples (8.6.1.2), and what its edit
list shows (8.6.6): FFmpeg's rule.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

HEADER_MOST = 64 * 1024 * 1024  # a `moov` box longer than this is not read
_UNKNOWN = (0, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)


def is_mp4_or_mov(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def picture_ms(path: Path) -> int | None:
    """None where the header does not say: a film in fragments, a broken one."""
    try:
        with path.open("rb") as file:
            moov = _moov(file)
        return _picture_ms(moov) if moov else None
    except (struct.error, IndexError, KeyError):
        return None


def _moov(file: BinaryIO) -> bytes:
    size, at = os.fstat(file.fileno()).st_size, 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            length, head = struct.unpack(">Q", file.read(8))[0], 16
        if kind == b"moov":
            return file.read(min(length - head, HEADER_MOST)) if length >= head else b""
        if length < head:  # 0: the last box, up to the end
            return b""
        at += length
    return b""


def _picture_ms(moov: bytes) -> int | None:
    movie_scale, _ = _scale_and_length(dict(_boxes(moov))[b"mvhd"])
    for kind, trak in _boxes(moov):
        track = dict(_boxes(trak)) if kind == b"trak" else {}
        media = dict(_boxes(track.get(b"mdia", b"")))
        if media.get(b"hdlr", b"")[8:12] != b"vide":
            continue
        scale, length = _scale_and_length(media[b"mdhd"])
        if not scale or length in _UNKNOWN:
            return None
        length = min(length, _summed(media) or length)
        shown = _shown(dict(_boxes(track.get(b"edts", b""))).get(b"elst", b""))
        if shown and movie_scale:
            length = min(length, _rescaled(shown, scale, movie_scale))
        return _rescaled(length, 1000, scale)
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8:
            return
        yield kind, data[at + 8 : at + length]
        at += length


def _scale_and_length(header: bytes) -> tuple[int, int]:
    """Of `mvhd` and `mdhd`: units a second, and how many."""
    scale, length = struct.unpack_from(">IQ", header, 20) if header[0] else struct.unpack_from(">II", header, 12)
    return int(scale), int(length)


def _summed(media: dict[bytes, bytes]) -> int:
    """How long all samples last."""
    table = dict(_boxes(dict(_boxes(media.get(b"minf", b""))).get(b"stbl", b""))).get(b"stts", b"")
    rows = table[8 : len(table) - len(table) % 8]
    return sum(count * step for count, step in struct.iter_unpack(">II", rows))


def _shown(edits: bytes) -> int:
    if not edits:
        return 0
    form = struct.Struct(">QqI" if edits[0] else ">IiI")
    count = min(struct.unpack_from(">I", edits, 4)[0], (len(edits) - 8) // form.size)
    return sum(form.unpack_from(edits, 8 + form.size * number)[0] for number in range(count))


def _rescaled(value: int, to: int, of: int) -> int:
    """To the nearest."""
    return (value * to * 2 + of) // (2 * of)
