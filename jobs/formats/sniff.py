"""What a file is by its first bytes: names are not evidence.

Rule: pure and total; any bytes give an answer, never an exception. Magic numbers are those of each format's
specification (JFIF/EXIF, PNG, RIFF, ISO base media file format, TIFF 6.0, Matroska, MPEG-2 systems).
"""

from typing import Literal

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"8BPS\x00\x01", "psd"),
    (b"8BPS\x00\x02", "psd"),
    (b"FUJIFILMCCD-RAW", "raf"),
    (b"IIRO", "orf"),
    (b"IIRS", "orf"),
    (b"MMOR", "orf"),
    (b"IIU\x00", "rw2"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"),
    (b"\x1aE\xdf\xa3", "mkv"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpeg"),
)
# Major brand of an ISO base media file -> format. Brands not here count as mp4 when they look like one.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    b"crx ": "cr3",
    b"qt  ": "mov",
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "m4a"),
}
_VIDEO_BRANDS = (b"iso", b"mp4", b"avc", b"M4V", b"3gp", b"3g2", b"dash", b"MSNV", b"mmp4", b"f4v", b"XAVC", b"av01")
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))  # sizes of the DIB headers there are
VIDEO = frozenset(("mp4", "mov", "avi", "mkv", "mpeg", "mpegts", "flv", "wmv"))
AUDIO = frozenset(("m4a", "wav"))


def sniff(head: bytes) -> str | None:
    """The format the first bytes of a file show (`jpeg`, `webp`, `mp4`, ...), None when they show none we know."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return "cr2" if name == "tiff" and head[8:10] == b"CR" else name
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi", b"WAVE": "wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _iso_brand(head)
    if head[4:8] in (b"moov", b"mdat", b"wide") and head[:2] == b"\x00\x00":
        return "mov"  # QuickTime from before `ftyp` was obligatory
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if len(head) > 188 and head[0] == head[188] == 0x47:
        return "mpegts"
    if len(head) > 196 and head[4] == head[196] == 0x47:
        return "mpegts"  # with a time before each packet: Blu-ray, AVCHD
    return None


def family(name: str | None) -> Literal["image", "video", "other"]:
    """What kind of item a sniffed format is."""
    if name is None or name in AUDIO:
        return "other"
    return "video" if name in VIDEO else "image"


def _iso_brand(head: bytes) -> str | None:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in (b"mif1", b"msf1") and any(b in (b"avif", b"avis") for b in brands):
        return "avif"  # the structural brand comes first in some writers' files
    known = _BRANDS.get(brands[0])
    if known:
        return known
    return "mp4" if any(b.startswith(_VIDEO_BRANDS) for b in brands) else None
