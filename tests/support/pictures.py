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


def dng(shown: bytes, size: tuple[int, int], orientation: int = 1) -> bytes:
    """A DNG of 64 x 64 sensor values, all zero, with the JPEG `shown` of this size as its preview in a SubIFD."""
    side, pixels = 64, bytes(2 * 64 * 64)

    def directories(sub: int, sensor: int, preview: int) -> tuple[bytes, bytes]:
        first = [
            (254, "I", (0,)), (256, "I", (side,)), (257, "I", (side,)), (258, "H", (16,)), (259, "H", (1,)),
            (262, "H", (32803,)), (271, "s", b"Test\0"), (272, "s", b"Camera\0"), (273, "I", (sensor,)),
            (274, "H", (orientation,)), (277, "H", (1,)), (278, "I", (side,)), (279, "I", (len(pixels),)),
            (330, "I", (sub,)), (33421, "H", (2, 2)), (33422, "B", (0, 1, 1, 2)), (50706, "B", (1, 4, 0, 0)),
            (50708, "s", b"Test Camera\0"),
        ]  # fmt: skip
        second = [
            (254, "I", (1,)), (256, "I", (size[0],)), (257, "I", (size[1],)), (258, "H", (8, 8, 8)), (259, "H", (7,)),
            (262, "H", (6,)), (273, "I", (preview,)), (277, "H", (3,)), (278, "I", (size[1],)),
            (279, "I", (len(shown),)),
        ]  # fmt: skip
        one = _directory(first, 8)
        return one, _directory(second, 8 + len(one))

    one, other = directories(0, 0, 0)
    sub = 8 + len(one)
    sensor = sub + len(other)
    one, other = directories(sub, sensor, sensor + len(pixels))
    return b"II*\0" + struct.pack("<I", 8) + one + other + pixels + shown


def _directory(entries: list[tuple[int, str, Any]], at: int) -> bytes:
    """A TIFF directory that begins at `at`, with what does not fit into its entries behind it."""
    behind, table = b"", struct.pack("<H", len(entries))
    for tag, kind, values in entries:
        data = values if kind == "s" else struct.pack(f"<{len(values)}{kind}", *values)
        place = data.ljust(4, b"\0")
        if len(data) > 4:
            place = struct.pack("<I", at + 2 + 12 * len(entries) + 4 + len(behind))
            behind += data + b"\0" * (len(data) % 2)
        table += struct.pack("<HHI", tag, {"B": 1, "s": 2, "H": 3, "I": 4}[kind], len(values)) + place
    return table + bytes(4) + behind
