"""Long films are looked at in few reads: their tables, megabytes of them, are passed over."""

import pytest

from jobs.video.film import Film
from jobs.video.header import look
from jobs.video.reading import FilmReader, Reads
from tests.support.films import box, tracks_of_an_hour

FTYP = box("ftyp", b"isom\0\0\0\0isomavc1")
AN_HOUR = 3_600_000


def looked(head: bytes, media: int, tail: bytes = b"") -> tuple[Film, Reads]:
    """Of a film whose media, so many bytes, stand between `head` and `tail`."""
    size = len(head) + media + len(tail)

    def fetch(first: int, count: int) -> bytes:
        data = head[first : first + count]
        data += bytes(max(0, min(first + count, len(head) + media) - max(first, len(head))))
        after = len(head) + media
        return data + tail[max(0, first - after) : max(0, first + count - after)]

    reader = FilmReader(fetch, size)
    film, skip = look(reader)
    assert film and skip is None
    return film, reader.reads


def media_of(size: int) -> bytes:
    return b"\0\0\0\1mdat" + (size + 16).to_bytes(8, "big")


@pytest.mark.parametrize("jitter", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_an_hour_s_film_takes_less_than_500_kilobytes(first: bool, jitter: bool) -> None:
    moov = tracks_of_an_hour(jitter=jitter)
    assert len(moov) > 2_000_000
    media = 1_500_000_000
    before = FTYP + (moov if first else b"") + media_of(media)
    film, reads = looked(before, media, b"" if first else moov)
    assert (film.length_ms, film.codec, film.audio, film.width) == (AN_HOUR, "h264", "aac", 1280)
    assert film.fps == pytest.approx(30)
    assert reads.count <= 8
    assert reads.bytes < 500_000


def test_six_hours_in_a_chunk_a_frame_take_no_more() -> None:
    moov = tracks_of_an_hour(6 * 3600, spread=30)
    film, reads = looked(FTYP + media_of(9_000_000_000), 9_000_000_000, moov)
    assert film.length_ms == 6 * AN_HOUR
    assert reads.count <= 8
    assert reads.bytes < 500_000


def test_a_minute_s_film_takes_one_read_or_two() -> None:
    moov = tracks_of_an_hour(30)
    _, reads = looked(FTYP + moov + media_of(5_000_000), 5_000_000)
    assert reads.count <= 2
    _, reads = looked(FTYP + media_of(5_000_000), 5_000_000, moov)
    assert reads.count <= 2
