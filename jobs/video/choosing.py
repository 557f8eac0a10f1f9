"""Which moments of one film are asked about, by a rule (jobs/plan/frame_rule.py).

Rule: settled before the plan, so that a price is of what is asked. At a rate, or by key frames, the film's header
tells; `shots` and `dynamic` take a look at the whole film, in the decoder processes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.marks import Mark
from jobs.plan.frame_rule import FrameRule, expected
from jobs.video.film import CONTAINERS, Probed
from jobs.video.frames import BLOCK, RUN, FilmFrames
from jobs.video.marks import left_out
from jobs.video.reading import Reads

_SHORTEST_MS = 500  # a shot: flashes and shakes belong to the one before
_SPAN_MS = 60_000  # looked through by one question
_MARKS = 64  # moments of one question
_LOCKED = f"{Code.UNSUPPORTED_CODEC}: encrypted"
# Rekognition's video takes no such film, but a decoder does.
_DECODED = frozenset((Code.UNSUPPORTED_CODEC, Code.TOO_LONG))


@dataclass(frozen=True, slots=True)
class Chosen:
    """`moments`: milliseconds, and why that frame is left out, if it is. `count`: of those that are asked about."""

    moments: Iterable[tuple[int, str | None]]
    count: int


def without_frames(film: Probed, rule: FrameRule, least: int) -> Skip | None:
    """Why a film that was looked at has no frames to ask about. `least`: pixels on a side that some API takes."""
    skip, found = film.skip, film.film
    if skip and not (found and skip.reason != _LOCKED and skip.reason.partition(":")[0] in _DECODED):
        return skip
    if found and found.container not in CONTAINERS:  # an ffmpeg makes an MP4 of it, for APIs for video
        return Skip(f"{Code.UNSUPPORTED_CONTAINER}: {found.container}", "frames are taken out of MP4 and MOV")
    if found is None or not found.length_ms:
        return Skip(Code.UNKNOWN_LENGTH, "its header does not say how long it is")
    if 0 < min(found.width, found.height) < least:
        return Skip(Code.TOO_SMALL, f"{found.width}x{found.height} is under {least} pixels on a side")
    if rule.way == "keyframes" and not film.key_frames:
        return Skip(Code.NO_KEY_FRAMES, "its header lists no key frames")
    return None


def reading(film: Item, size: int, frames: int, rule: FrameRule) -> Reads:
    """What taking so many frames out of a film reads of S3 at most: each of its blocks, and its beginning for each run
    of them. What decodes to choose reads it once more."""
    if not film.uri.startswith("s3://"):
        return Reads()
    once = Reads(-(-size // BLOCK) + -(-frames // RUN), size)
    return once + once if rule.decodes else once


def choose(item: Item, film: Probed, rule: FrameRule, frames: FilmFrames) -> Chosen | Skip:
    """The moments of a film that has frames."""
    assert film.film is not None and film.film.length_ms is not None
    length = film.film.length_ms
    if not rule.decodes:
        told = film.key_frames if rule.way == "keyframes" else rule.moments(length)
        return Chosen(((moment, None) for moment in told), expected(length, rule, film.key_frames))
    found = _shots(item, length, frames) if rule.way == "shots" else film.key_frames or list(rule.moments(length))
    if isinstance(found, Skip):
        return found
    near = _near(item, found, frames) if rule.dynamic else set()
    if isinstance(near, Skip):
        return near
    moments = [(moment, Code.NEAR_IDENTICAL if moment in near else None) for moment in found]
    return Chosen(moments, len(found) - len(near))


def _shots(item: Item, length: int, frames: FilmFrames) -> list[int] | Skip:
    """The middle of each shot."""
    begins = [0]
    for start in range(0, length, _SPAN_MS):
        cuts = frames.cuts(item, start, min(length, start + _SPAN_MS))
        if isinstance(cuts, Skip):
            return cuts
        for cut in cuts:
            if cut - begins[-1] >= _SHORTEST_MS:
                begins.append(cut)
    return [(start + end) // 2 for start, end in pairwise([*begins, length])]


def _near(item: Item, moments: Iterable[int], frames: FilmFrames) -> set[int] | Skip:
    marks: list[tuple[int, Mark | None]] = []
    for some in _in_groups(moments, _MARKS):
        found = frames.marks(item, some)
        if isinstance(found, Skip):
            return found
        marks += zip(some, found, strict=True)
    return left_out(marks)


def _in_groups(moments: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(moments)
    return iter(lambda: list(islice(rest, size)), [])
