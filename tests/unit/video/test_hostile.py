"""Bytes that nobody's camera wrote end in a verdict, in bounded time and memory."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.codes import Code
from jobs.video.film import Film
from jobs.video.header import Looked, look
from jobs.video.reading import MAX_BOXES, MAX_BYTES, MAX_READS, FilmReader
from tests.support.films import box, film, full, tracks_of_an_hour

FTYP = box("ftyp", b"isom\0\0\0\0isom")
SEEDS = [
    film(sound=0.2, frames=5),
    film(frames=20, flags="frag_keyframe+empty_moov+global_sidx+default_base_moof", g="5"),
    film(frames=20, flags="frag_keyframe+empty_moov+dash", g="5"),
    FTYP + tracks_of_an_hour(20, jitter=True),
]


def looked(data: bytes, size: int | None = None) -> Looked:
    """Also sees that no more is read than is allowed."""
    reader = FilmReader(lambda first, count: data[first : first + count], len(data) if size is None else size)
    found = look(reader)
    assert reader.reads.count <= MAX_READS
    assert reader.reads.bytes <= MAX_BYTES
    assert reader.boxes <= MAX_BOXES
    film, skip = found
    assert film or skip
    if film and film.length_ms is not None:
        assert film.length_ms > 0
    return found


def reason(data: bytes) -> str:
    _, skip = looked(data)
    assert skip
    return skip.reason


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    looked(data)
    looked(FTYP + data)


SIZES = (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NUMBERS = st.sampled_from(SIZES).map(lambda number: struct.pack(">I", number))
WRONG = st.tuples(st.integers(0, 10_000), st.one_of(NUMBERS, st.binary(min_size=1, max_size=8)))


@given(st.integers(0, len(SEEDS) - 1), st.lists(WRONG, max_size=6), st.integers(1, 10_000))
def test_any_film_of_which_any_bytes_are_wrong(which: int, wrong: list[tuple[int, bytes]], left: int) -> None:
    data = SEEDS[which]
    for place, new in wrong:
        at = place % len(data)
        data = data[:at] + new + data[at + len(new) :]
    looked(data)
    looked(data[:left])


BOXES = "ftyp moov mvhd trak tkhd mdia mdhd stbl stts stsd elst moof traf trun sidx mfra tfra"


@pytest.mark.parametrize("size", SIZES)
def test_any_box_that_lies_about_its_size(size: int) -> None:
    for kind in BOXES.encode().split():
        for data in (data for data in SEEDS if kind in data):
            at = data.index(kind) - 4
            looked(data[:at] + struct.pack(">I", size) + data[at + 4 :])


@pytest.mark.parametrize("kind", [b"moov", b"trak", b"mdia", b"moof", b"free"])
def test_a_million_boxes_one_in_the_other(kind: bytes) -> None:
    nested = _nested(kind, 1_000_000 if kind == b"moov" else 2 * MAX_BOXES)
    looked(FTYP + box("moov", nested))
    looked(FTYP + nested)


def _nested(kind: bytes, count: int) -> bytes:
    sizes = np.arange(8 * count, 0, -8, dtype=">u4").view("u1").reshape(-1, 4)
    return np.hstack([sizes, np.tile(np.frombuffer(kind, np.uint8), (count, 1))]).tobytes()


@pytest.mark.parametrize("kind", ["moov", "trak", "free", "mdia", "sidx", "moof"])
def test_a_million_boxes_side_by_side(kind: str) -> None:
    row = box(kind) * (1_000_000 if kind == "moof" else 2 * MAX_BOXES)
    looked(FTYP + row)
    looked(FTYP + box("moov", row))


def test_a_box_that_ends_where_it_begins_leads_nobody_round() -> None:
    assert reason(FTYP + struct.pack(">I4sQ", 1, b"free", 0) + bytes(100)) == Code.BROKEN
    assert reason(FTYP + struct.pack(">I4s", 4, b"free") + bytes(100)) == Code.BROKEN


def test_tables_that_claim_four_thousand_million_entries_take_no_memory() -> None:
    data = SEEDS[3]
    for name in (b"stts", b"elst", b"stsd", b"stsz"):
        at = data.index(name) + (16 if name == b"stsz" else 8)
        data = data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]
    tracemalloc.start()
    looked(data, 10 * 1024**3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_BYTES


def test_an_index_of_fragments_that_leads_back_is_no_loop() -> None:
    data = SEEDS[2]
    for number in range(1, data.count(b"tfra") + 1):
        at = -1
        for _ in range(number):
            at = data.index(b"tfra", at + 1)
        entries = at + 4 + 12
        data = data[: entries + 12] + bytes(4) + data[entries + 16 :]
    looked(data)
    looked(FTYP + box("moov", box("mvex")) + full("mfra", "I", 0) + full("mfro", "I", 0xFFFFFFFF))


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63, 2**64 - 2])
def test_a_length_of_any_size_is_a_number_or_not_known(length: int) -> None:
    long = full("mdhd", "QQIQHH", 0, 0, 1, length, 0, 0, version=1)
    entry = box("avc1", bytes(78))
    tables = box("minf", box("stbl", full("stsd", "I", 1, rest=entry), full("stsz", "II", 0, 0)))
    trak = box("trak", box("mdia", long, full("hdlr", "I4s", 0, b"vide"), tables))
    found, skip = looked(FTYP + box("moov", trak))
    assert isinstance(found, Film)
    assert found.length_ms == (min(2**53, length * 1000) or None)
    assert (skip.reason if skip else None) == (Code.TOO_LONG if length >= 2**31 else None)
