"""Key frames by a film's header are those that FFmpeg finds by reading all of it."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from jobs.items import Item
from jobs.video.probe import Prober
from tests.support.films import film, patched

HEVC = {"codec": "libx265", "x265-params": "log-level=none:keyint=10:min-keyint=10"}


def ffmpegs(data: bytes) -> list[int]:
    with av.open(io.BytesIO(data)) as file:
        [stream] = file.streams.video
        assert stream.time_base is not None
        start = stream.start_time or 0
        times = [packet.pts for packet in file.demux(stream) if packet.is_keyframe and packet.pts is not None]
        return sorted(int((time - start) * stream.time_base * 1000) for time in times)


@pytest.fixture
def found(tmp_path: Path) -> Callable[[bytes], tuple[int, ...]]:
    def looked_at(data: bytes) -> tuple[int, ...]:
        path = tmp_path / "film.mp4"
        path.write_bytes(data)
        return Prober(lambda: None, key_frames=True).probe(Item(0, str(path), "video")).key_frames

    return looked_at


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"g": "10"},
        {"g": "7", "bf": "0"},
        {"g": "10", "x264-params": "open-gop=1:bframes=3:keyint=10:scenecut=0"},
        {"g": "10", "container": "mov"},
        {"g": "10", "flags": "faststart", "sound": 3.0},
        {"g": "10", "muxer": {"use_editlist": "0"}},
        {"times": [0, 1, 2, 30, 31, 33, 60, 90, 91, 92, 93, 94, 95], "base": Fraction(1, 25), "g": "3"},
        HEVC,
        {"codec": "mjpeg", "pixels": "yuvj420p", "container": "mov"},
    ],
)
def test_they_are_ffmpegs(found: Callable[[bytes], tuple[int, ...]], options: dict[str, Any]) -> None:
    data = film(**{"frames": 75, **options})
    expected = ffmpegs(data)
    assert expected
    assert list(found(data)) == expected


def test_a_film_in_fragments_lists_none(found: Callable[[bytes], tuple[int, ...]]) -> None:
    assert found(film(frames=50, flags="frag_keyframe+empty_moov")) == ()


def test_a_list_that_leads_behind_the_film_ends_there(found: Callable[[bytes], tuple[int, ...]]) -> None:
    data = film(frames=50, g="10", bf="0")
    assert len(found(data)) > 3
    assert list(found(patched(data, "stss", 8 + 4 * 3, (2**31).to_bytes(4, "big")))) == [0, 400, 800]
