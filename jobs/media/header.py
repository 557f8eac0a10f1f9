"""What a picture's first bytes say of it, without decoding: size, orientation, colour.

Rule: pure and total; any bytes give a Header or None, never an exception, in time linear in their length.
Facts: JPEG from ITU T.81 (markers) and Exif 2.3 (orientation), PNG from its W3C specification.
"""

import struct
from dataclasses import dataclass

from jobs.formats.raw import of_tiff
from jobs.formats.sniff import sniff

_JPEG_FRAMES = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}  # SOF markers; C4, C8, CC are tables
_JPEG_PLAIN = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive: what decoders in general read
_NO_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
_PNG_CHANNELS = {0: "gray", 2: "rgb", 3: "palette", 4: "gray-alpha", 6: "rgba"}
_WHOLE_NUMBERS = {3: "H", 4: "I"}  # types of a TIFF field; Exif wants SHORT, some phones write LONG
_TAIL = 4096  # bytes before the end in which a whole file has its end mark


@dataclass(frozen=True, slots=True)
class Header:
    """`width`, `height`: pixels as stored; None when the bytes at hand do not say.

    Only jpeg and png are read closely: of the others, which are decoded anyway, just the size where it is easy.
    """

    format: str | None  # as `sniff` says
    width: int | None = None
    height: int | None = None
    orientation: int = 1  # Exif, 1..8
    color: str | None = None  # "gray", "rgb", "palette", "cmyk", "rgba", "gray-alpha"
    bits: int | None = None  # per channel
    plain: bool = True  # False: a JPEG process that few decoders know (lossless, arithmetic, hierarchical)
    ended: bool | None = None  # has its end mark near its end; None: the end is not at hand

    @property
    def upright(self) -> tuple[int, int] | None:
        """(width, height) after the Exif orientation is applied."""
        if self.width is None or self.height is None:
            return None
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def header(data: bytes, *, whole: bool = True) -> Header:
    """What `data` says. `whole`: it is the entire file, not its beginning."""
    name = sniff(data[:192])
    if name == "jpeg":
        return _jpeg(data, whole)
    if name == "png":
        return _png(data, whole)
    if name == "tiff":
        name = of_tiff(data) or name
    width, height = _size(name, data)
    return Header(name, width, height)


def _jpeg(data: bytes, whole: bool) -> Header:
    width = height = bits = None
    color: str | None = None
    plain, orientation, at = True, 1, 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _NO_LENGTH:
            at += 2
            continue
        if marker in (0xD9, 0xDA):  # end of image, start of scan
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            break
        body = data[at + 4 : at + 2 + length]
        if marker in _JPEG_FRAMES and len(body) >= 6:
            bits, height, width, channels = struct.unpack(">BHHB", body[:6])
            color = {1: "gray", 3: "rgb", 4: "cmyk"}.get(channels)
            plain = marker in _JPEG_PLAIN
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = _orientation(body[6:])
        at += 2 + length
    ended = data.rfind(b"\xff\xd9", max(at, len(data) - _TAIL)) >= 0 if whole else None
    return Header("jpeg", width or None, height or None, orientation, color, bits, plain, ended)


def _orientation(tiff: bytes) -> int:
    """Exif orientation in a TIFF structure, 1 when there is none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    (start,) = struct.unpack(order + "I", tiff[4:8])
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack(order + "H", tiff[start : start + 2])
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if entry + 12 > len(tiff):
            break
        tag, kind = struct.unpack(order + "HH", tiff[entry : entry + 4])
        if tag == 0x0112 and kind in _WHOLE_NUMBERS:
            (value,) = struct.unpack_from(order + _WHOLE_NUMBERS[kind], tiff, entry + 8)
            return value if 1 <= value <= 8 else 1
    return 1


def _png(data: bytes, whole: bool) -> Header:
    ended = data.rfind(b"IEND", max(8, len(data) - _TAIL)) >= 0 if whole else None
    if len(data) < 26 or data[12:16] != b"IHDR":
        return Header("png", ended=ended)
    width, height, bits, channels = struct.unpack(">IIBB", data[16:26])
    # The Exif orientation of a PNG (eXIf) is ignored on purpose: Rekognition does not correct PNG, and sends boxes in
    # the stored frame (botocore's text on OrientationCorrection).
    return Header("png", width or None, height or None, 1, _PNG_CHANNELS.get(channels), bits, True, ended)


def _size(name: str | None, data: bytes) -> tuple[int | None, int | None]:
    """Stored size of the formats where it stands at a fixed place; the decoder has the last word."""
    width = height = 0
    if name == "gif" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    elif name == "bmp" and len(data) >= 26 and data[14] not in (12, 16):
        width, signed = struct.unpack("<ii", data[18:26])
        height = abs(signed)
    elif name == "webp" and len(data) >= 30:
        if data[12:16] == b"VP8X":
            width = int.from_bytes(data[24:27], "little") + 1
            height = int.from_bytes(data[27:30], "little") + 1
        elif data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
            width, height = (value & 0x3FFF for value in struct.unpack("<HH", data[26:30]))
        elif data[12:16] == b"VP8L":
            packed = int.from_bytes(data[21:25], "little")
            width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    elif name == "psd" and len(data) >= 22:
        height, width = struct.unpack(">II", data[14:22])
    return (width, height) if width > 0 and height > 0 else (None, None)
