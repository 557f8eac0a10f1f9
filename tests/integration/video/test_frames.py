"""Frames out of films: each is the one on the screen at its moment, and whatever a film is, an answer comes."""

import io
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.aws.faults import Kind
from jobs.codes import Code
from jobs.errors import RekscanError
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.pool import DecoderPool
from jobs.video.frames import FilmFrames, new_pool
from rekscan.scans.frames import refuse_no_decoder
from tests.support.films import film, number_on, numbered
from tests.support.s3_server import s3_server

HEVC = {"codec": "libx265", "x265-params": "log-level=none"}


def nobody() -> Any:
    raise AssertionError("nothing is on S3")


@pytest.fixture(scope="module")
def frames() -> Iterator[FilmFrames]:
    with new_pool(1) as pool:
        yield FilmFrames(pool, nobody)


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Item]:
    def made(data: bytes) -> Item:
        path = tmp_path / "film.mp4"
        path.write_bytes(data)
        return Item(0, str(path), "video")

    return made


def numbers(frames: FilmFrames, item: Item, moments: list[int]) -> list[int | str]:
    """The numbers on the frames, or why there is none."""
    run = frames.run(item, moments)
    assert not isinstance(run, Skip), run
    return [one.reason if isinstance(one, Skip) else number_on(Image.open(io.BytesIO(one))) for one in run.pictures]


@pytest.mark.parametrize("options", [{}, {"bf": "0"}, {"g": "5"}, {"container": "mov"}, HEVC, {"codec": "mpeg4"}])
def test_a_frame_is_the_one_on_the_screen(
    frames: FilmFrames, put: Callable[[bytes], Item], options: dict[str, Any]
) -> None:
    item = put(film(rate=25, frames=50, side=(128, 96), pictures=numbered(50), **options))
    assert numbers(frames, item, [0, 38, 40, 1000, 1038, 1960, 1999]) == [0, 0, 1, 25, 25, 49, 49]
    assert numbers(frames, item, [1000, 0, 1999, 40]) == [25, 0, 49, 1]  # in any order, from where it was


def test_a_frame_that_lasts_is_the_one_on_the_screen_all_the_time(
    frames: FilmFrames, put: Callable[[bytes], Item]
) -> None:
    times = [0, 1, 2, 3, 250, 251, 500]  # in 25ths of a second
    base = Fraction(1, 25)
    item = put(film(times=times, base=base, side=(128, 96), pictures=list(numbered(7))))
    moments = [0, 40, 118, 120, 5000, 9998, 10_000, 10_040, 15_000, 20_000]
    assert numbers(frames, item, moments) == [0, 1, 2, 3, 3, 3, 4, 5, 5, 6]


def test_of_moments_far_apart_what_lies_between_is_jumped_over(
    frames: FilmFrames, put: Callable[[bytes], Item]
) -> None:
    item = put(film(rate=5, frames=400, g="25", side=(128, 96), pictures=numbered(400)))
    moments = list(range(0, 80_000, 11_200))
    assert numbers(frames, item, moments) == [at // 200 for at in moments]


def test_a_turned_film_gives_upright_frames(frames: FilmFrames, put: Callable[[bytes], Item]) -> None:
    lengthwise = film(rate=5, frames=5, side=(128, 64))
    start = lengthwise.index(b"tkhd") + 4 + 40
    turned = lengthwise[:start] + np.array([0, 65536, 0, -65536, 0], ">i4").tobytes() + lengthwise[start + 20 :]
    run = frames.run(put(turned), [0])
    assert not isinstance(run, Skip)
    [picture] = run.pictures
    assert isinstance(picture, bytes)
    assert Image.open(io.BytesIO(picture)).size == (64, 128)


def test_a_moment_behind_the_last_frame_has_none(frames: FilmFrames, put: Callable[[bytes], Item]) -> None:
    item = put(film(rate=25, frames=25, side=(128, 96), pictures=numbered(25)))
    assert numbers(frames, item, [960, 3000]) == [24, Code.NO_FRAME]


def test_of_what_is_no_film_it_is_said(frames: FilmFrames, put: Callable[[bytes], Item], tmp_path: Path) -> None:
    cut = frames.run(put(film(frames=25)[:700]), [0])
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n"
    led_astray = frames.run(put(playlist), [0])
    gone = frames.run(Item(0, str(tmp_path / "gone.mp4"), "video"), [0])
    found = [one.reason for one in (cut, led_astray, gone) if isinstance(one, Skip)]
    assert found == [Code.BROKEN, Code.BROKEN, Code.UNREADABLE]


def test_a_film_that_takes_too_long_is_given_up_once_for_all_its_frames(put: Callable[[bytes], Item]) -> None:
    item = put(film(rate=25, frames=100, side=(640, 480), preset="ultrafast"))
    with DecoderPool(1, module="jobs.video.frame_child", wall_seconds=0.02) as pool:
        frames = FilmFrames(pool, nobody)
        first = frames.run(item, list(range(0, 4000, 40)))
        assert isinstance(first, Skip)
        assert first.reason == Code.BOMB
        assert frames.run(item, [0]) is first
        assert pool.pids == []  # none was started for it


def test_a_film_on_s3_is_read_by_pieces_of_the_object_that_was_listed() -> None:
    data = film(rate=25, frames=50, side=(128, 96), pictures=numbered(50))
    with s3_server() as server, new_pool(1) as pool:
        server.bucket("films", {"a.mp4": data})
        etag = server.client().head_object(Bucket="films", Key="a.mp4")["ETag"].strip('"')
        frames = FilmFrames(pool, server.client)
        item = Item(0, "s3://films/a.mp4", "video", None, etag)
        assert numbers(frames, item, [0, 1000, 1999]) == [0, 25, 49]
        server.client().put_object(Bucket="films", Key="a.mp4", Body=data + b"\0" * 8)
        changed = frames.run(item, [0])
    assert isinstance(changed, Skip)
    assert changed.reason == Code.CHANGED


def shots(*seconds: float) -> bytes:
    colors = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (240, 240, 240))
    pictures = (np.full((96, 128, 3), color, np.uint8) for color in colors)
    counted = list(chain.from_iterable(repeat(one, round(25 * s)) for one, s in zip(pictures, seconds, strict=False)))
    return film(rate=25, frames=len(counted), side=(128, 96), pictures=counted)


def test_cuts_are_where_one_picture_gives_way_to_another(frames: FilmFrames, put: Callable[[bytes], Item]) -> None:
    item = put(shots(1, 2, 0.4))
    assert frames.cuts(item, 0, 4000) == [1000, 3000]
    assert [frames.cuts(item, start, start + 1000) for start in (0, 1000, 2000, 3000)] == [[], [1000], [], [3000]]


def test_marks_tell_frames_apart_that_differ_in_colour_alone(frames: FilmFrames, put: Callable[[bytes], Item]) -> None:
    marks = frames.marks(put(shots(1, 1)), [0, 500, 1000, 9000])
    assert not isinstance(marks, Skip)
    blue, still, green, none = marks
    assert blue == still != green
    assert none is None


def test_without_opencv_the_job_is_stopped_and_told_what_to_install(
    put: Callable[[bytes], Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)  # as where it is not installed
    with new_pool(1) as pool:
        found = FilmFrames(pool, nobody).run(put(film()), [0])
        assert pool.pids == []
    assert isinstance(found, Skip)
    assert found.fault is not None
    assert (found.fault.kind, "pip install 'rekscan[video]'" in found.fault.do) == (Kind.JOB, True)
    with pytest.raises(RekscanError, match="OpenCV") as refused:
        refuse_no_decoder("1/s")
    assert "pip install 'rekscan[video]'" in refused.value.do
