"""Pictures out of films: the one on the screen at a moment; what is no film of this machine has a reason instead."""

import io
import os
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.uris import uri_of
from jobs.video.stills import Stills
from tests.support.films import far_apart, film

COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))  # of the seconds; blue, green, red


@pytest.fixture(scope="module")
def stills() -> Iterator[Stills]:
    with Stills(1, 120) as made:
        yield made


def seconds() -> bytes:
    """A second of each of COLORS, in one piece that can only be jumped to at its start."""
    pictures = chain.from_iterable(repeat(np.full((96, 160, 3), color, np.uint8), 25) for color in COLORS)
    return film(pictures=pictures, frames=75, side=(160, 96), g="250", sc_threshold="0")


def put(folder: Path, data: bytes, name: str | bytes = "film.mp4") -> Item:
    path = os.path.join(os.fsencode(folder), os.fsencode(name))  # noqa: PTH118  pathlib has no bytes paths
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(data)
    return Item(0, uri_of(path), "video", len(data))


def color_at(stills: Stills, item: Item, at_ms: int) -> int:
    """Which of COLORS is on the screen."""
    taken = stills.take(item, at_ms)
    assert not isinstance(taken, Skip), taken
    picture = Image.open(io.BytesIO(taken.data))
    assert picture.size == (taken.width, taken.height) == (120, 72)
    red, green, blue = picture.convert("RGB").getpixel((60, 36))  # type: ignore[misc]
    return [blue, green, red].index(max(red, green, blue))


@pytest.mark.parametrize("name", ["film.mp4", b"\xff\xfe.mp4"])
def test_the_picture_is_that_of_the_moment(stills: Stills, tmp_path: Path, name: str | bytes) -> None:
    item = put(tmp_path, seconds(), name)
    assert [color_at(stills, item, at) for at in (0, 960, 1000, 1960, 2000, 2960)] == [0, 0, 1, 1, 2, 2]


def test_what_gives_no_picture_says_why(stills: Stills, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n"
    whole = seconds()
    odd = {
        Code.UNSUPPORTED_CONTAINER: put(tmp_path, playlist, "playlist.mp4"),
        Code.BROKEN: put(tmp_path, whole[: len(whole) // 3], "cut.mp4"),
        Code.UNREADABLE: Item(0, str(pipe), "video"),
        Code.NOT_FETCHED: Item(0, "s3://archive/film.mp4", "video"),
    }
    taken = {code: stills.take(item, 0) for code, item in odd.items()}
    assert {code: one.reason for code, one in taken.items() if isinstance(one, Skip)} == {code: code for code in odd}
    assert color_at(stills, put(tmp_path, far_apart(whole), "good.mp4"), 1500) == 1  # the next is none the worse
