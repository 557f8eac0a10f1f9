"""What a track's samples are, by its sample description (`stsd`).

Rule: pure and total. A codec is called by FFmpeg's name, which is what Rekognition answers in VideoMetadata; one
not known here by its four characters.
Facts: ISO/IEC 14496-12, 8.5.2 (sample entries) and 8.12 (`encv`: encrypted); 14496-15 (avc1, avc3, avcC, hvc1, hev1);
14496-1, 7.2.6 and table 5 (`esds`: descriptors and object types); QuickTime File Format, "Sample Description Atoms".
"""

from dataclasses import dataclass

from jobs.video.boxes import Broken, printable
from jobs.video.fields import Fields

MOST = 4096  # bytes of a description that are looked at
_CODECS = {
    "h264": "avc1 avc2 avc3 avc4 AVC1 h264 H264 X264 x264 dva1 dvav ai12 ai13 ai15 ai16 AVin ai1p ai1q ai5p ai5q",
    "hevc": "hvc1 hev1 hvc2 hev2 hvt1 dvh1 dvhe",
    "vvc": "vvc1 vvi1",
    "av1": "av01",
    "vp8": "vp08",
    "vp9": "vp09 vp9 VP90",
    "mpeg4": "mp4v DIVX XVID 3IV2",
    "h263": "h263 s263 H263",
    "mjpeg": "jpeg mjpa mjpb MJPG AVDJ",
    "png": "png",
    "prores": "apch apcn apcs apco ap4h ap4x aprn aprh",
    "dnxhd": "AVdn AVdh",
    "mpeg1video": "m1v m1v1 mpeg mp1v",
    "mpeg2video": "m2v1 mpg2 mp2v hdv1 hdv2 hdv3 hdv5 hdv6 xdv1 xdv2 xdv3 xdv4 xdv5 xdv6 xdvb xdvc xdvd mx3p mx4p mx5p",
    "dvvideo": "dvc dvcp dvpp dv5p dv5n dvh2 dvh3 dvh5 dvh6 dvhp dvhq",
    "svq1": "SVQ1 svq1 svqi",
    "svq3": "SVQ3",
    "cinepak": "cvid",
    "aac": "mp4a",
    "mp3": ".mp3 mp3",
    "ac3": "ac-3 sac3",
    "eac3": "ec-3",
    "alac": "alac",
    "opus": "Opus",
    "flac": "fLaC",
    "pcm": "sowt twos lpcm in24 in32 fl32 fl64 raw NONE ipcm fpcm",
    "amr_nb": "samr",
    "amr_wb": "sawb",
    "encrypted": "encv enca drmi drms",
}
_BY_KIND = {kind: name for name, kinds in _CODECS.items() for kind in kinds.split()}
_MPEG_OBJECTS = {
    0x20: "mpeg4", 0x21: "h264", 0x23: "hevc", 0x6A: "mpeg1video", 0x6C: "mjpeg", 0x6D: "png",
    **dict.fromkeys(range(0x60, 0x66), "mpeg2video"), 0x69: "mp3", 0x6B: "mp3", 0xA5: "ac3", 0xA6: "eac3", 0xAD: "opus",
}  # fmt: skip
_STILL = frozenset(("mjpeg", "png"))
_VIDEO_FIELDS = 78  # bytes of a visual sample entry before its boxes


@dataclass(frozen=True, slots=True)
class Description:
    """`width`, `height`: pixels as stored, 0 where it does not say. `profile`: H.264's profile_idc (100: High)."""

    codec: str
    width: int = 0
    height: int = 0
    profile: int | None = None

    @property
    def still(self) -> bool:
        """A picture's codec: the cover of a film is a track of its own."""
        return self.codec in _STILL


def description(stsd: bytes, *, video: bool) -> Description | None:
    """The first of a track's descriptions, from the body of its `stsd`; None: there is none."""
    fields = Fields(stsd)
    fields.head()
    if fields.number(4) == 0:
        return None
    size, kind = fields.number(4), fields.take(4)
    entry = fields.take(min(max(0, size - 8), fields.left))
    codec = _BY_KIND.get(printable(kind), printable(kind) or "unknown")
    if kind in (b"mp4v", b"mp4a"):
        codec = _MPEG_OBJECTS.get(_object_type(entry), codec)
    if not video:
        return Description(codec)
    width, height = (int.from_bytes(entry[at : at + 2], "big") for at in (24, 26))
    return Description(codec, width, height, _profile(entry))


def _profile(entry: bytes) -> int | None:
    """From the `avcC` among the boxes of a visual sample entry."""
    at = _VIDEO_FIELDS
    while at + 8 <= len(entry):
        size = int.from_bytes(entry[at : at + 4], "big")
        if entry[at + 4 : at + 8] == b"avcC":
            return entry[at + 9] if len(entry) > at + 9 else None
        at += max(8, size)
    return None


def _object_type(entry: bytes) -> int:
    """What an `mp4a` or `mp4v` holds, by its `esds`; 0: it does not say."""
    at = entry.find(b"esds")
    try:
        return _of_descriptor(Fields(entry, at + 8)) if at >= 0 else 0
    except Broken:
        return 0


def _of_descriptor(fields: Fields) -> int:
    if fields.number(1) == 3:  # ES_Descriptor
        _length(fields)
        fields.take(2)
        flags = fields.number(1)
        fields.take(2 * bool(flags & 0x80))
        fields.take(fields.number(1) if flags & 0x40 else 0)
        fields.take(2 * bool(flags & 0x20))
        tag = fields.number(1)
    else:
        tag = 0
    if tag != 4:  # DecoderConfigDescriptor
        return 0
    _length(fields)
    return fields.number(1)


def _length(fields: Fields) -> None:
    for _ in range(4):
        if fields.number(1) < 0x80:
            return
