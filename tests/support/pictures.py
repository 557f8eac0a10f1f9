"""Odd pictures, made on the spot: what archives really hold."""

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image

SIDE = (160, 100)  # width, height of most of them
CORNERS = (
    (220, 30, 30),
    (30, 220, 30),
    (30, 30, 220),
    (230, 230, 30),
)  # top left, top right, bottom left, bottom right


def picture(size: tuple[int, int] = SIDE) -> Image.Image:
    """Four quarters of four colours: turning or mirroring it shows."""
    image = Image.new("RGB", size)
    across, down = size[0] // 2, size[1] // 2
    for number, color in enumerate(CORNERS):
        left, top = (number % 2) * across, (number // 2) * down
        image.paste(color, (left, top, size[0] if number % 2 else across, size[1] if number // 2 else down))
    return image


def noise(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """Does not compress. The same for the same seed."""
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    if name == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def stored_for(orientation: int) -> Image.Image:
    """`picture()` as a camera stores it with this Exif orientation."""
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    image = picture()
    for step in undo.get(orientation, []):
        image = image.transpose(step)
    return image


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def corners(data: bytes) -> list[str]:
    """Which color stands in each corner: `0123` in order is `picture()` upright."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    places = ((8, 8), (width - 9, 8), (8, height - 9), (width - 9, height - 9))
    return [_nearest(image.getpixel(place)) for place in places]


def _nearest(pixel: Any) -> str:
    distance = [sum((a - b) ** 2 for a, b in zip(pixel, color, strict=True)) for color in CORNERS]
    return str(distance.index(min(distance)))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(side: int) -> bytes:
    """A few kilobytes that claim to be side x side gray pixels, with rows of zeroes for a good part of them."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side + 1)) for _ in range(min(side, 2000))) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = png_chunk(b"IHDR", head) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def png16() -> bytes:
    """16-bit gray from black (left) to white (right)."""
    width, height = SIDE
    row = b"\0" + b"".join(struct.pack(">H", x * 65535 // (width - 1)) for x in range(width))
    head = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    body = png_chunk(b"IHDR", head) + png_chunk(b"IDAT", zlib.compress(row * height)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
