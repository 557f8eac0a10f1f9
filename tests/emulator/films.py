"""Films of given pictures, made by FFmpeg on the spot."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import repeat
from tempfile import NamedTemporaryFile
from typing import Any

import av
import cv2
import numpy as np

from emulator.photos import photo

SIDE = (480, 320)  # width, height
BARS = ("ffffff", "ffff00", "00ffff", "00ff00", "ff00ff", "ff0000", "0000ff")


def film(
    pictures: Iterable[Any],
    rate: Fraction | int = 25,
    *,
    codec: str = "libx264",
    container: str = "mp4",
    times: Iterable[int] | None = None,
    flags: str = "",
    side: tuple[int, int] = SIDE,
) -> bytes:
    """`pictures`: BGR, one a frame; `times` of the frames in units of 1/rate, one after the other by default."""
    with NamedTemporaryFile() as to:  # FFmpeg opens it a second time to move its header
        with av.open(to.name, "w", format=container, options={"movflags": flags} if flags else {}) as out:
            stream: Any = out.add_stream(codec, rate=rate)
            stream.width, stream.height, stream.pix_fmt = *side, "yuv420p"
            stream.codec_context.time_base = 1 / Fraction(rate)
            for picture, time in zip(pictures, times or _count(), strict=False):
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
                frame.pts, frame.time_base = time, stream.codec_context.time_base
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        with open(to.name, "rb") as made:  # noqa: PTH123
            return made.read()


def ffmpeg_ms(data: bytes) -> int:
    """How long FFmpeg says the picture is."""
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.video[0]
        assert stream.duration is not None and stream.time_base is not None
        return round(stream.duration * stream.time_base * 1000)


def shown(name: str, frames: int) -> Iterator[Any]:
    """A sample photo, whole, in the middle."""
    return still(cv2.imdecode(np.frombuffer(photo(name), np.uint8), cv2.IMREAD_COLOR), frames)


def still(picture: Any, frames: int) -> Iterator[Any]:
    width, height = SIDE
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = plain(0)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return repeat(canvas, frames)


def plain(*color: int) -> Any:
    return np.full((SIDE[1], SIDE[0], 3), color if len(color) == 3 else color[0], np.uint8)


def bars() -> Any:
    canvas = plain(0)
    for number, color in enumerate(BARS):
        left, right = number * SIDE[0] // 7, (number + 1) * SIDE[0] // 7
        canvas[: SIDE[1] * 2 // 3, left:right] = [int(color[at : at + 2], 16) * 3 // 4 for at in (4, 2, 0)]
    return canvas


def _count() -> Iterator[int]:
    return iter(range(10**9))
