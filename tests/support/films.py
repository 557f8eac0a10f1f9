"""Films, made on the spot: by FFmpeg, or box by box where it makes none such."""

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import count, islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import av
import numpy as np
from PIL import Image

SIDE = (64, 48)  # width, height


@cache
def second() -> bytes:
    """A film of a second, 25 frames."""
    return film()


def film(
    container: str = "mp4",
    codec: str = "libx264",
    *,
    times: list[int] | None = None,
    frames: int = 25,
    rate: Fraction | int = 25,
    base: Fraction | None = None,
    side: tuple[int, int] = SIDE,
    sound: float = 0,
    sound_codec: str = "aac",
    pixels: str = "yuv420p",
    flags: str = "",
    muxer: dict[str, str] | None = None,
    pictures: Iterable[Any] | None = None,
    **options: str,
) -> bytes:
    """A film of `frames` frames, or one at each of `times` (in units of `base`). `sound`: seconds of it, from 0 on.
    The frames are `pictures` (blue, green, red), or shades of gray.

    `muxer`, `options`: FFmpeg's of the container and of the codec; `flags`: movflags of the container.
    """
    more = {**(muxer or {}), **({"movflags": flags} if flags else {})}
    with NamedTemporaryFile() as to:  # FFmpeg opens it a second time to move its header
        with av.open(to.name, "w", format=container, options=more) as out:
            heard: Any = out.add_stream(sound_codec, rate=48_000) if sound else None
            if codec:
                shown = zip(
                    times or count(), pictures or islice(_grays(side), len(times or range(frames))), strict=False
                )
                _pictures(out, codec, shown, rate, base, side, pixels, options)
            if heard:
                _sound(out, heard, sound)
        return Path(to.name).read_bytes()


def numbered(count: int, side: tuple[int, int] = (128, 96)) -> Iterator[Any]:
    """Pictures of which no two are alike, however they are encoded: each its number in black and white, bit by bit."""
    for number in range(count):
        picture = np.zeros((side[1], side[0], 3), np.uint8)
        for bit in range(16):
            row, column = divmod(bit, 4)
            high, wide = side[1] // 4, side[0] // 4
            picture[row * high : (row + 1) * high, column * wide : (column + 1) * wide] = 255 * (number >> bit & 1)
        yield picture


def number_on(picture: Image.Image) -> int:
    """The number on a picture of `numbered`."""
    small = picture.convert("L").resize((4, 4), Image.Resampling.BOX)
    return sum((level > 127) << bit for bit, level in enumerate(small.tobytes()))


def _pictures(
    out: Any, codec: str, frames: Iterable[tuple[int, Any]], rate: Fraction | int, base: Fraction | None,
    side: tuple[int, int], pixels: str, options: dict[str, str],
) -> None:  # fmt: skip
    shown = out.add_stream(codec, rate=rate, options=options)
    shown.width, shown.height, shown.pix_fmt = *side, pixels
    shown.codec_context.time_base = base or 1 / Fraction(rate)
    for time, picture in frames:
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=pixels)
        frame.pts, frame.time_base = time, shown.codec_context.time_base
        out.mux(shown.encode(frame))
    out.mux(shown.encode(None))


def _grays(side: tuple[int, int]) -> Iterator[Any]:
    return (np.full((side[1], side[0], 3), number * 7 % 256, np.uint8) for number in count())


def _sound(out: Any, heard: Any, seconds: float) -> None:
    samples = int(seconds * 48_000)
    for start in range(0, samples, 1024):
        silence = np.zeros((1, 2 * min(1024, samples - start)), np.int16)
        frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
        frame.pts, frame.sample_rate, frame.time_base = start, 48_000, Fraction(1, 48_000)
        out.mux(heard.encode(frame))
    out.mux(heard.encode(None))


@dataclass(frozen=True)
class Said:
    ms: int
    codec: str
    side: tuple[int, int]
    rotation: int  # clockwise
    fps: float
    file_ms: int


def ffmpeg(data: bytes) -> Said:
    """What FFmpeg says of a film."""
    with av.open(io.BytesIO(data), "r") as file:
        shown = next(stream for stream in file.streams.video if stream.codec_context.name not in ("mjpeg", "png"))
        assert shown.duration is not None and shown.time_base is not None and shown.average_rate is not None
        ms, name, rate = nearest(shown.duration * shown.time_base), shown.codec_context.name, float(shown.average_rate)
        whole = nearest(Fraction(file.duration or 0, 1_000_000))
        frame = next(file.decode(shown))
        side = (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)
        return Said(ms, {"libdav1d": "av1"}.get(name, name), side, -frame.rotation % 360, rate, whole)


def nearest(seconds: Fraction) -> int:
    """Milliseconds."""
    return int(seconds * 1000 + Fraction(1, 2))


def box(kind: str, *parts: bytes, large: bool = False) -> bytes:
    body = b"".join(parts)
    if large:
        return struct.pack(">I4sQ", 1, kind.encode("latin-1"), 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind.encode("latin-1")) + body


def full(kind: str, form: str, *values: int | bytes, version: int = 0, flags: int = 0, rest: bytes = b"") -> bytes:
    return box(kind, struct.pack(">I" + form, version << 24 | flags, *values), rest)


def cut_out(data: bytes, kind: str) -> bytes:
    """Without the outer boxes of this kind."""
    return b"".join(data[start:end] for name, start, end in outer(data) if name != kind)


def far_apart(data: bytes) -> bytes:
    """The same with 40 KB of nothing after each piece of media."""
    pieces = (data[start:end] + box("free", bytes(40_000)) * (kind == "mdat") for kind, start, end in outer(data))
    return b"".join(pieces)


def outer(data: bytes) -> list[tuple[str, int, int]]:
    """The outer boxes: kind, start, end."""
    found, at = [], 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        size = struct.unpack(">Q", data[at + 8 : at + 16])[0] if size == 1 else size or len(data) - at
        found.append((kind.decode("latin-1"), at, at + size))
        at += size
    return found


def patched(data: bytes, kind: str, offset: int, new: bytes, number: int = 0) -> bytes:
    """With other bytes at `offset` of the body of a box, the one of this `number` among those of its kind."""
    at = -1
    for _ in range(number + 1):
        at = data.index(kind.encode(), at + 1)
    at += 4 + offset
    return data[:at] + new + data[at + len(new) :]


def tracks_of_an_hour(seconds: int = 3600, rate: int = 30, *, jitter: bool = False, spread: int = 1) -> bytes:
    """The movie header of a long film with sound, tables and all, as cameras and encoders write it.

    `jitter`: no two frames last equally long; `spread`: chunks a second.
    """
    frames, packets, chunks = seconds * rate, seconds * 48_000 // 1024, seconds * spread
    times = [(1, 3000 + (number % 2) * 20 - 10) for number in range(frames)] if jitter else [(frames, 90_000 // rate)]
    length = sum(count * each for count, each in times)
    avc = box("avcC", bytes((1, 100, 0, 31, 255, 224, 0)))
    picture = box("avc1", bytes(6), struct.pack(">H16xHH50x", 1, 1280, 720), avc)
    sound = box("mp4a", bytes(6), struct.pack(">H8xHH4xI", 1, 2, 16, 48_000 << 16))
    return box(
        "moov",
        full("mvhd", "IIIIIH10x", 0, 0, 1000, seconds * 1000, 0x10000, 0x100,
             rest=_UNITY + bytes(28)),
        _track(1, "vide", 90_000, length, seconds, picture, times, frames, chunks, reordered=True),
        _track(2, "soun", 48_000, packets * 1024, seconds, sound, [(packets, 1024)], packets, chunks),
    )  # fmt: skip


def _track(
    number: int, kind: str, timescale: int, length: int, seconds: int, entry: bytes, times: list[tuple[int, int]],
    samples: int, chunks: int, *, reordered: bool = False,
) -> bytes:  # fmt: skip
    offsets = struct.pack(f">{chunks}I", *range(48, 48 + chunks))
    tables = [
        full("stsd", "I", 1, rest=entry),
        full("stts", "I", len(times), rest=b"".join(struct.pack(">II", *time) for time in times)),
        full("ctts", "I", samples, rest=struct.pack(">II", 1, 3000) * samples) if reordered else b"",
        full("stsc", "IIII", 1, 1, samples // chunks, 1),
        full("stsz", "II", 0, samples, rest=struct.pack(">I", 4000) * samples),
        full("stco", "I", chunks, rest=offsets),
    ]
    handler = full("hdlr", "I4s12x", 0, kind.encode(), rest=b"\0")
    media = box(
        "mdia",
        full("mdhd", "IIIIHH", 0, 0, timescale, length, 0, 0),
        handler,
        box("minf", box("stbl", *tables)),
    )
    edits = box("edts", full("elst", "IIiI", 1, seconds * 1000, 3000 if reordered else 0, 0x10000))
    head = full("tkhd", "IIIII8xHHHH", 0, 0, number, 0, seconds * 1000, 0, 0, 0, 0, flags=3, rest=_UNITY + bytes(8))
    return box("trak", head, edits, media)


_UNITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
