"""Which frames of films are asked about: what --frames says.

    1/s  2/s  0.5/s     so many a second, from the first frame on
    every=10s           one each ten seconds (ms, s, m, h)
    shots               one a shot, that in its middle
    keyframes           those the film can be jumped to
    2/s,dynamic         the same without those that look like the one kept before; `dynamic` alone: 1/s,dynamic

Rule: pure. At a rate, moments follow from a film's length alone, so they are counted before anything is decoded.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from jobs.apis import Choice
from jobs.errors import UsageError

MOST = 60  # frames a second
SHOT_MS = 5000  # of a film nobody has decoded yet, how long a shot is taken to be: a guess of ours
_RATE = re.compile(r"(\d+(?:\.\d+)?)/s")
_EVERY = re.compile(r"every=(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_FORMS = "1/s, 2/s, every=10s, shots, keyframes or dynamic"

Way = Literal["rate", "shots", "keyframes"]
_BY_FILM: dict[str, Way] = {"shots": "shots", "keyframes": "keyframes"}


@dataclass(frozen=True, slots=True)
class FrameRule:
    text: str  # as it was typed
    way: Way
    every_ms: Fraction = Fraction(0)  # of a rate
    dynamic: bool = False

    @property
    def decodes(self) -> bool:
        """Whether films are decoded to know which frames are asked about."""
        return self.dynamic or self.way == "shots"

    def moments(self, length_ms: int) -> Iterator[int]:
        """Milliseconds of a film's frames at a rate."""
        return (int(number * self.every_ms) for number in range(self.count(length_ms)))

    def count(self, length_ms: int) -> int:
        """How many those are."""
        return int(-(-Fraction(length_ms) // self.every_ms)) if length_ms > 0 else 0


def frame_rule(text: str) -> FrameRule:
    """Raises UsageError for what is none."""
    first, *more = text.split(",")
    if first == "dynamic" and not more:
        return FrameRule(text, "rate", Fraction(1000), dynamic=True)
    if more not in ([], ["dynamic"]):
        raise _none(text)
    dynamic = bool(more)
    if way := _BY_FILM.get(first):
        return FrameRule(text, way, dynamic=dynamic)
    return FrameRule(text, "rate", _every(first, text), dynamic)


def expected(length_ms: int, rule: FrameRule, key_frames: Sequence[int] = ()) -> int:
    """How many frames a film of this length has at most, or about, before it is decoded."""
    if rule.way == "shots":
        return -(-length_ms // SHOT_MS)
    return len(key_frames) if rule.way == "keyframes" else rule.count(length_ms)


def least_side(choices: Iterable[Choice]) -> int:
    """Pixels on a side that one of these APIs takes."""
    return min((choice.api.limits.min_side for choice in choices), default=0)


def left_open(rule: FrameRule) -> tuple[str, ...]:
    """Sentences on what `expected` leaves open."""
    found = []
    if rule.way == "shots":
        found.append(
            f"Nobody has decoded the films yet: a shot is taken to last {SHOT_MS / 1000:g} s, which is a guess. A scan"
            " finds the shots before it asks for approval."
        )
    if rule.dynamic:
        found.append(
            "Frames that look like the one before are in this price: a scan finds them before it asks for approval, and"
            " costs no more than this."
        )
    return tuple(found)


def _every(rate: str, text: str) -> Fraction:
    if (found := _RATE.fullmatch(rate)) and (each := Fraction(found[1])):
        every = 1000 / each
    elif (found := _EVERY.fullmatch(rate)) and (each := Fraction(found[1])):
        every = each * _UNITS[found[2]]
    else:
        raise _none(text)
    if every < Fraction(1000, MOST):
        raise UsageError(f"--frames {text}: at most {MOST} frames a second", "Write --frames 1/s.")
    return every


def _none(text: str) -> UsageError:
    return UsageError(f"--frames {text}: not a choice of frames", f"Write {_FORMS}, with `,dynamic` behind if wanted.")
