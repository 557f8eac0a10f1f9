"""Films that FFmpeg made, and what FFmpeg says of them."""

import struct
from fractions import Fraction
from functools import cache, partial

import pytest

from jobs.video.film import Film
from jobs.video.header import look
from jobs.video.reading import FilmReader
from tests.support.films import box, cut_out, ffmpeg, film, full, outer, patched

IN_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
BY_JITTER = [0, 3000, 7500, 9000, 30_000, 31_000]
INDEXED = IN_FRAGMENTS + "+global_sidx"
FILMS = {
    "header last": partial(film),
    "header first": partial(film, flags="faststart"),
    "QuickTime": partial(film, "mov"),
    "one frame": partial(film, frames=1),
    "29.97 a second": partial(film, frames=61, rate=Fraction(30_000, 1001)),
    "no time for its first second": partial(film, times=[25, 26, 27, 28]),
    "variable rate": partial(film, times=BY_JITTER, base=Fraction(1, 90_000)),
    "sound longer": partial(film, sound=3.3),
    "sound shorter": partial(film, sound=0.3),
    "an hour of 60 frames": partial(film, times=[number * 60 for number in range(61)], rate=1, base=Fraction(1)),
    "4:4:4": partial(film, pixels="yuv444p"),
    "fragments, index at the end": partial(film, frames=100, sound=6, flags=IN_FRAGMENTS, g="10"),
    "fragments, index at the beginning": partial(film, frames=100, sound=6, flags=INDEXED, g="10"),
    "fragments, each its index": partial(film, frames=100, sound=6, flags=IN_FRAGMENTS + "+dash", g="10"),
    "fragments, no index": partial(film, frames=100, sound=6, flags=IN_FRAGMENTS + "+skip_trailer", g="10"),
    "fragments after a whole film": partial(film, frames=100, flags="frag_keyframe", g="10"),
    "fragments of variable rate": partial(film, times=BY_JITTER, base=Fraction(1, 90_000), flags=IN_FRAGMENTS, g="2"),
    "fragments without times": partial(film, "ismv", frames=50, g="10"),
    "HEVC": partial(film, codec="libx265", **{"x265-params": "log-level=none"}),
    "ProRes": partial(film, "mov", "prores_ks", pixels="yuv422p10le"),
    "MPEG-4 part 2": partial(film, codec="mpeg4"),
    "VP9": partial(film, codec="libvpx-vp9"),
}


@cache
def made(name: str) -> bytes:
    return FILMS[name]()


def of(data: bytes) -> Film:
    found, _ = look(FilmReader(lambda first, count: data[first : first + count], len(data)))
    assert found is not None
    return found


@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_as_long_and_as_large_as_ffmpeg_says(name: str) -> None:
    found, said = of(made(name)), ffmpeg(made(name))
    assert (found.length_ms, (found.width, found.height), found.codec) == (said.ms, said.side, said.codec)


@pytest.mark.parametrize("name", [name for name in FILMS if not name.startswith("fragments")])
def test_its_frames_a_second_are_those_ffmpeg_says(name: str) -> None:
    assert of(made(name)).fps == pytest.approx(ffmpeg(made(name)).fps)


def test_the_length_is_that_of_the_pictures_not_of_the_file() -> None:
    data = made("sound longer")
    assert (of(data).length_ms, ffmpeg(data).file_ms) == (1000, 3300)
    assert of(data).audio == "aac"


def test_what_kind_of_file_and_of_h264_it_is() -> None:
    found = of(made("QuickTime"))
    assert (found.container, found.profile, found.audio) == ("mov", 100, None)
    assert of(made("4:4:4")).profile == 244


@pytest.mark.parametrize("shown", [(400,), (200, 300), (0, 500), (5000,)])
def test_an_edit_list_shows_less_than_there_is_never_more(shown: tuple[int, ...]) -> None:
    data = _with_edits(made("header last"), shown)
    assert of(data).length_ms == ffmpeg(data).ms == min(1000, sum(shown))
    assert of(data).unedited_ms == 1000


def _with_edits(data: bytes, shown: tuple[int, ...]) -> bytes:
    """The same film, header last, showing so many milliseconds of it, one edit after the other."""
    at = data.index(b"elst") - 4
    (size,) = struct.unpack(">I", data[at : at + 4])
    edits = b"".join(struct.pack(">IiI", one, 1024, 0x10000) for one in shown)
    new = full("elst", "I", len(shown), rest=edits)
    for name in (b"edts", b"trak", b"moov"):
        place = data.index(name) - 4
        grown = struct.unpack(">I", data[place : place + 4])[0] + len(new) - size
        data = data[:place] + struct.pack(">I", grown) + data[place + 4 :]
    return data[:at] + new + data[at + size :]


QUARTER = 0x10000


@pytest.mark.parametrize(
    "turn, matrix",
    [
        (0, (1, 0, 0, 1)),
        (90, (0, 1, -1, 0)),
        (180, (-1, 0, 0, -1)),
        (270, (0, -1, 1, 0)),
    ],
)
@pytest.mark.parametrize("whose", ["tkhd", "mvhd"])
def test_a_turned_film_is_measured_upright(turn: int, matrix: tuple[int, ...], whose: str) -> None:
    a, b, c, d = (value * 0x10000 for value in matrix)
    place = 40 if whose == "tkhd" else 36
    data = patched(made("header last"), whose, place, struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    found, said = of(data), ffmpeg(data)
    assert (found.rotation, (found.width, found.height)) == (said.rotation, said.side)
    assert found.rotation == turn


def test_sizes_and_places_of_64_bits() -> None:
    data = made("header last")
    (free, start, _), (_, media, end) = outer(data)[1:3]
    assert (free, media - start) == ("free", 8)
    data = data[:start] + struct.pack(">I4sQ", 1, b"mdat", end - start) + data[end - (end - media - 8) :]
    moov = next(at for kind, at, _ in outer(data) if kind == "moov")
    tail = data[moov:].replace(
        data[data.index(b"stco") - 4 :][:20], b"", 1
    )  # one chunk: size, name, version, count, place
    (place,) = struct.unpack(">I", data[data.index(b"stco") + 12 :][:4])
    long = full("co64", "IQ", 1, place)
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        at = tail.index(name) - 4
        tail = tail[:at] + struct.pack(">I", struct.unpack(">I", tail[at : at + 4])[0] + 4) + tail[at + 4 :]
    at = tail.index(b"stbl") - 4
    stop = at + struct.unpack(">I", tail[at : at + 4])[0] - len(long)
    data = data[:moov] + tail[:stop] + long + tail[stop:]
    assert [kind for kind, _, _ in outer(data)] == ["ftyp", "mdat", "moov"]
    assert of(data).length_ms == ffmpeg(data).ms == 1000


def test_times_of_64_bits() -> None:
    data = made("header last")
    at = data.index(b"mdhd") - 4
    short = struct.unpack(">8xIIIIIHH", data[at : at + 32])
    long = full("mdhd", "QQIQHH", short[1], short[2], short[3], short[4], short[5], short[6], version=1)
    for name in (b"mdia", b"trak", b"moov"):
        place = data.index(name) - 4
        (size,) = struct.unpack(">I", data[place : place + 4])
        data = data[:place] + struct.pack(">I", size + 12) + data[place + 4 :]
    data = data[:at] + long + data[at + 32 :]
    assert of(data).length_ms == ffmpeg(data).ms == 1000


def test_a_header_that_knows_no_length_goes_by_its_frames_where_ffmpeg_says_0() -> None:
    data = patched(made("header last"), "mdhd", 16, b"\xff" * 4)
    assert (of(data).length_ms, ffmpeg(data).ms) == (1000, 0)


def test_frames_that_last_less_than_the_header_says() -> None:
    data = patched(made("header last"), "mdhd", 16, struct.pack(">I", 999_999))
    assert of(data).length_ms == ffmpeg(data).ms == 1000


def test_a_cover_picture_is_not_the_film() -> None:
    cover, shown = film("mov", "mjpeg", frames=1, pixels="yuvj420p"), made("QuickTime")
    at, size = shown.index(b"trak") - 4, 0
    start = cover.index(b"trak") - 4
    (size,) = struct.unpack(">I", cover[start : start + 4])
    moov = shown.index(b"moov") - 4
    grown = struct.unpack(">I", shown[moov : moov + 4])[0] + size
    data = shown[:moov] + struct.pack(">I", grown) + shown[moov + 4 : at] + cover[start : start + size] + shown[at:]
    found = of(data)
    assert (found.codec, found.length_ms) == ("h264", 1000)


def test_what_only_promises_its_length_is_believed() -> None:
    data = made("fragments, no index")
    many = data + b"".join(box("free", bytes(100_000)) for _ in range(50))
    at, _, end = next((start, kind, end) for kind, start, end in outer(many) if kind == "moov")
    mehd = full("mehd", "I", 4321)
    inside = many.index(b"mvex") - 4
    (size,) = struct.unpack(">I", many[inside : inside + 4])
    promising = (
        many[:at] + struct.pack(">I", end - at + len(mehd)) + many[at + 4 : inside]
        + struct.pack(">I", size + len(mehd)) + b"mvex" + mehd + many[inside + 8 :]
    )  # fmt: skip
    assert of(promising).length_ms == 4321
    assert of(many).length_ms is None, "more fragments than anybody walks over, and nothing says how many"


def test_fragments_whose_indexes_are_gone_are_walked_over() -> None:
    name = "fragments, each its index"
    bare = cut_out(cut_out(made(name), "sidx"), "mfra")
    assert of(bare).length_ms == ffmpeg(bare).ms == 4000
