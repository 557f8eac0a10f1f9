"""Segment detection: shots, and the technical cues that can be measured.

Confidences are ours: of a shot, how hard its cut is; of black frames, how black; of colour bars and content, fixed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.models.cuts import Frame
from emulator.models.features import Seen
from emulator.operations.video.timecode import smpte
from emulator.videos.film import Film
from emulator.videos.kind import Item, Kind, Known, Viewer

# Mean change of hue, saturation and value from frame to frame: a cut by itself, or where its neighbours change little.
_CUT, _SMALL_CUT, _CALM = 27.0, 15.0, 3.0
_SUREST_CUT = 2 * _CUT
_BARS_SECONDS = 0.5  # shorter ones are chance
_BARS, _CONTENT = 95.0, 90.0
_METERS = {"SHOT": "video-segments-shot", "TECHNICAL_CUE": "video-segments-technical-cue"}


@dataclass(frozen=True, slots=True)
class Span:
    """The first frame and the last, counted from 0, and when it begins and ends; `end` is where the next begins."""

    first: int
    last: int
    start: int
    end: int


def shot(film: Film, index: int, span: Span, confidence: float) -> Item:
    return _segment(film, "SHOT", span, ShotSegment={"Index": index, "Confidence": confidence})


def cue(film: Film, name: str, span: Span, confidence: float) -> Item:
    return _segment(film, "TECHNICAL_CUE", span, TechnicalCueSegment={"Type": name, "Confidence": confidence})


def _segment(film: Film, kind: str, span: Span, **found: Any) -> Item:
    frames = span.last + 1 - span.first
    return {
        "Type": kind,
        "StartTimestampMillis": span.start,
        "EndTimestampMillis": span.end,
        "DurationMillis": span.end - span.start,
        "StartTimecodeSMPTE": smpte(span.first, film.fps),
        "EndTimecodeSMPTE": smpte(span.last, film.fps),
        "DurationSMPTE": smpte(frames, film.fps),
        "StartFrameNumber": span.first,
        "EndFrameNumber": span.last,
        "DurationFrames": frames,
        **found,
    }


@dataclass(slots=True)
class SegmentViewer:
    """Keeps a few bytes of every frame; says all at the end."""

    request: dict[str, Any]
    _at: array[float] = field(default_factory=lambda: array("d"))
    _change: array[float] = field(default_factory=lambda: array("f"))
    _dark: array[float] = field(default_factory=lambda: array("f"))
    _bars: bytearray = field(default_factory=bytearray)

    def look(self, at: int, seen: Seen) -> Iterable[Item]:
        return ()  # no model is asked

    def frame(self, frame: Frame) -> None:
        self._at.append(frame.at)
        self._change.append(frame.change)
        self._dark.append(frame.dark)
        self._bars.append(frame.bars)

    def end(self, film: Film) -> Iterator[Item]:
        """By type, in the order asked for, then by time."""
        found = {"SHOT": self._shots, "TECHNICAL_CUE": self._cues}
        for kind in dict.fromkeys(self.request["SegmentTypes"]):
            yield from found[kind](film)

    def _shots(self, film: Film) -> Iterator[Item]:
        least = _filter(self.request, "ShotFilter").get("MinSegmentConfidence", 50)
        starts = [0, *cuts(self._change)] if self._at else []
        for index, first in enumerate(starts):
            last = (starts[index + 1] if index + 1 < len(starts) else len(self._at)) - 1
            sure = round(50 + 50 * min(1.0, self._change[first] / _SUREST_CUT), 4) if first else 100.0
            if sure >= least:
                yield shot(film, index, self._span(film, first, last), sure)

    def _cues(self, film: Film) -> Iterator[Item]:
        cues = _filter(self.request, "TechnicalCueFilter")
        least = cues.get("MinSegmentConfidence", 50)
        black = cues.get("BlackFrame", {}).get("MinCoveragePercentage", 99)
        # A run of frames by what it is; short bars are content.
        names = [_name(dark >= black, bool(bars)) for dark, bars in zip(self._dark, self._bars, strict=True)]
        for first, last in runs(names):
            if names[first] == "ColorBars" and last + 1 - first < _BARS_SECONDS * film.fps:
                names[first : last + 1] = ["Content"] * (last + 1 - first)
        for first, last in runs(names):
            name = names[first]
            measured = sum(self._dark[first : last + 1]) / (last + 1 - first)
            sure = {"BlackFrames": max(50.0, round(measured, 4)), "ColorBars": _BARS}.get(name, _CONTENT)
            if sure >= least:
                yield cue(film, name, self._span(film, first, last), sure)

    def _span(self, film: Film, first: int, last: int) -> Span:
        """Times are rounded down, as AWS says its are."""
        start = int(self._at[first])
        end = int(self._at[last + 1]) if last + 1 < len(self._at) else film.ms
        return Span(first, last, start, max(start, end))


def cuts(change: Sequence[float]) -> Iterator[int]:
    """Frames that begin a shot, the first left out."""
    for place in range(1, len(change)):
        near = max(change[place - 1], change[place + 1] if place + 1 < len(change) else 0.0)
        if change[place] >= _CUT or (change[place] >= _SMALL_CUT and change[place] >= _CALM * near):
            yield place


def runs(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last place of equal neighbours."""
    first = 0
    for place in range(1, len(names) + 1):
        if place == len(names) or names[place] != names[first]:
            yield first, place - 1
            first = place


def _name(black: bool, bars: bool) -> str:
    if black:
        return "BlackFrames"
    return "ColorBars" if bars else "Content"


def _filter(request: dict[str, Any], name: str) -> dict[str, Any]:
    chosen: dict[str, Any] = (request.get("Filters") or {}).get(name) or {}
    return chosen


def _darkest(request: dict[str, Any]) -> float:
    threshold: float = _filter(request, "TechnicalCueFilter").get("BlackFrame", {}).get("MaxPixelThreshold", 0.2)
    return threshold


def _viewer(request: dict[str, Any], known: Known) -> Viewer:
    return SegmentViewer(request)


def _about(request: dict[str, Any]) -> dict[str, Any]:
    types = dict.fromkeys(request["SegmentTypes"])
    return {"SelectedSegmentTypes": [{"Type": kind, "ModelVersion": MODEL_VERSION} for kind in types]}


KIND = Kind(
    subject="SegmentDetection",
    short="video-segments",
    results="Segments",
    viewer=_viewer,
    darkest=_darkest,
    lists_metadata=True,
    about=_about,
    meters=lambda request: tuple(_METERS[kind] for kind in dict.fromkeys(request["SegmentTypes"])),
    cannot="hard cuts, black frames, colour bars and content; no studio logo, slate or credits; sound is not heard",
)
