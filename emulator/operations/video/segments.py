"""Segment detection: shots, and the technical cues that can be measured.

An end is where the next begins; the last frame of a segment is the one before it.
"""

from __future__ import annotations

from typing import Any

from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.video.timecode import smpte
from emulator.videos.film import Film
from emulator.videos.kind import Item, Kind

_METERS = {"SHOT": "video-segments-shot", "TECHNICAL_CUE": "video-segments-technical-cue"}


def shot(film: Film, index: int, span: tuple[int, int], confidence: float) -> Item:
    return _segment(film, "SHOT", span, ShotSegment={"Index": index, "Confidence": confidence})


def cue(film: Film, name: str, span: tuple[int, int], confidence: float) -> Item:
    return _segment(film, "TECHNICAL_CUE", span, TechnicalCueSegment={"Type": name, "Confidence": confidence})


def _segment(film: Film, kind: str, span: tuple[int, int], **found: Any) -> Item:
    """`span`: the first frame and the last, counted from 0. Times are rounded down, as AWS says its are."""
    first, last = span
    start, end = int(first * 1000 / film.fps), min(film.ms, int((last + 1) * 1000 / film.fps))
    return {
        "Type": kind,
        "StartTimestampMillis": start,
        "EndTimestampMillis": end,
        "DurationMillis": end - start,
        "StartTimecodeSMPTE": smpte(first, film.fps),
        "EndTimecodeSMPTE": smpte(last, film.fps),
        "DurationSMPTE": smpte(last + 1 - first, film.fps),
        "StartFrameNumber": first,
        "EndFrameNumber": last,
        "DurationFrames": last + 1 - first,
        **found,
    }


def _about(request: dict[str, Any]) -> dict[str, Any]:
    types = dict.fromkeys(request["SegmentTypes"])
    return {"SelectedSegmentTypes": [{"Type": kind, "ModelVersion": MODEL_VERSION} for kind in types]}


KIND = Kind(
    subject="SegmentDetection",
    short="video-segments",
    results="Segments",
    lists_metadata=True,
    about=_about,
    meters=lambda request: tuple(_METERS[kind] for kind in dict.fromkeys(request["SegmentTypes"])),
    cannot="hard cuts, black frames, colour bars and content; no studio logo, slate or credits; sound is not heard",
)
