"""What is known of a film, and whether Rekognition takes it.

Rule: pure. What AWS would refuse, or bill for nothing, is found here before it is asked.
Limits: botocore's service model (Video: "The maximum file size for a video is 10GB", "maximum length 6 hours") and the
developer guide's limits.html (H.264 in MPEG-4 or MOV). The guide and the model disagree on AVI; it is not sent.
"""

from dataclasses import dataclass

from jobs.codes import Code
from jobs.media.check import Skip
from jobs.video.reading import Reads

MAX_BYTES = 10 * 1024**3
MAX_MS = 6 * 3600 * 1000
CODECS = frozenset(("h264",))
CONTAINERS = frozenset(("mp4", "mov"))


@dataclass(frozen=True, slots=True)
class Film:
    """`length_ms` is what AWS bills: how long the picture track is, as FFmpeg says it (`st->duration`: the shorter of
    media header and sample times, no longer than the edit list shows), to the nearest millisecond. Not the file's:
    sound may go on.

    That AWS means this: its own examples. GetSegmentDetection's has 478145 ms of video beside 478214 of audio; 3533 is
    106 frames at 30 a second (3533.33), 67301 is 2017 at 29.97 (67300.57).
    """

    size: int  # bytes
    container: str  # "mp4", "mov"
    codec: str  # FFmpeg's name: "h264", "hevc"
    length_ms: int | None  # None: in fragments, and nothing says how many
    unedited_ms: int | None = None  # without its edit list: no decoder finds more
    width: int = 0  # pixels, upright
    height: int = 0
    rotation: int = 0  # degrees clockwise from the stored picture to the upright one: 0, 90, 180, 270
    fps: float | None = None  # on the average
    profile: int | None = None  # H.264's profile_idc; over 100 is 10 bits or 4:2:2, of which AWS says nothing
    audio: str | None = None  # FFmpeg's name: "aac"
    content: str | None = None  # "etag:<etag>:<size>" for AWS's S3
    transcoded: str | None = None  # "hevc->h264": it is not sent as it is, but made into that before


@dataclass(frozen=True, slots=True)
class Probed:
    """`film` is known where its header could be read, also of one that is skipped; `reads`: what looking took.
    `key_frames`: milliseconds, where they were asked for."""

    film: Film | None
    skip: Skip | None
    reads: Reads
    key_frames: tuple[int, ...] = ()


def verdict(film: Film) -> Skip | None:
    """Why a film that is whole is never sent."""
    if film.codec not in CODECS:
        return Skip(
            f"{Code.UNSUPPORTED_CODEC}: {film.codec}", f"Rekognition takes H.264; this is {film.codec}", film.container
        )
    if film.length_ms is not None and film.length_ms > MAX_MS:
        return too_long(film)
    return None


def too_long(film: Film) -> Skip:
    """Of one whose length is known."""
    hours = (film.length_ms or 0) / 3_600_000
    return Skip(Code.TOO_LONG, f"{hours:.2f} hours are more than AWS's 6", film.container)


def refused_size(size: int) -> Skip | None:
    """Why a file of this size is not even looked at."""
    if size == 0:
        return Skip(Code.EMPTY, "the file has no bytes")
    if size > MAX_BYTES:
        return Skip(Code.TOO_LARGE, f"{size:,} bytes are more than AWS's {MAX_BYTES:,}")
    return None
