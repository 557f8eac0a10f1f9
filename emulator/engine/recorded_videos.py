"""Videos of the fixed engine: every film is as long as its name says and has the same to see in it all the way.

A key that ends like `-90s.mp4`, `-1500ms.mov`, `-12.5min.mp4` or `-2h.mp4` says its length; any other film has a
minute. No film is looked at and nothing is kept but the jobs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from emulator.operations.video import segments
from emulator.videos.film import Film
from emulator.videos.kind import Item, Kind
from emulator.videos.order import STEP_MS, Order, arrange
from emulator.videos.store import Job, JobStore

FPS = 25.0
_SHOT_SECONDS = 5
_UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}


class RecordedVideos:
    """The fixed engine's `Watcher`. `recorded`: answers on an image, by operation."""

    def __init__(self, jobs: JobStore, recorded: dict[str, Any]) -> None:
        self._jobs = jobs
        self._findings = _findings(recorded)

    async def check(self, kind: Kind, request: dict[str, Any]) -> None:
        """Whatever it is named, it is there."""

    def watch(self, kind: Kind, job: Job) -> None:
        self._jobs.succeed(job, Film(length_ms(job.request["Video"]["S3Object"]["Name"]), FPS, 1280, 720))

    async def seen(self, kind: Kind, job: Job, order: Order) -> Sequence[Any]:
        assert job.film is not None
        if kind is segments.KIND:
            return _segments(job.film, job.request["SegmentTypes"])
        found = [{"Timestamp": 0} | finding for finding in self._findings[kind.short]]
        moments = range(0, job.film.ms, STEP_MS)
        if order.segments:
            last = [{**finding, "Timestamp": moments[-1]} for finding in found]
            return arrange(kind, [*found, *last], order, job.film.ms, job.film.ms)
        return Repeated(arrange(kind, found, order, job.film.ms, STEP_MS), moments, order.by_name)


class Repeated(Sequence[Any]):
    """The same findings at every moment, without a list of them all: by moment, or one finding after the other."""

    def __init__(self, findings: list[Item], moments: range, by_finding: bool) -> None:
        self._findings = findings
        self._moments = moments
        self._by_finding = by_finding

    def __len__(self) -> int:
        return len(self._findings) * len(self._moments)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self._item(number) for number in range(*place.indices(len(self)))]
        return self._item(range(len(self))[place])

    def _item(self, number: int) -> Item:
        if self._by_finding:
            which, moment = divmod(number, len(self._moments))
        else:
            moment, which = divmod(number, len(self._findings))
        return self._findings[which] | {"Timestamp": self._moments[moment]}


def length_ms(key: str) -> int:
    """At least 1."""
    said = re.search(r"-(\d+(?:\.\d+)?)(ms|s|min|h)\.\w+$", key)
    return max(1, round(float(said[1]) * _UNITS[said[2]])) if said else 60_000


def _findings(recorded: dict[str, Any]) -> dict[str, list[Item]]:
    """By kind, what is to see in every film. Where the recording has nothing, something is made up."""
    face = recorded["DetectFaces"]["FaceDetails"][0]
    box = {"BoundingBox": face["BoundingBox"]}
    matches = recorded["SearchFacesByImage"]["FaceMatches"]
    explicit = [
        {"Confidence": 61.5, "Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1},
        {"Confidence": 61.5, "Name": "Explicit Nudity", "ParentName": "Explicit", "TaxonomyLevel": 2},
    ]
    place = {"Confidence": 97.5, "Geometry": {**box, "Polygon": []}}
    words = [
        {"DetectedText": "EXIT", "Type": "LINE", "Id": 0, **place},
        {"DetectedText": "EXIT", "Type": "WORD", "Id": 1, "ParentId": 0, **place},
    ]
    somebody = {"Urls": [], "Name": "Somebody", "Id": "a1b2c3d4", "Confidence": 90.5, "Face": face}
    return {
        "video-labels": [{"Label": label} for label in recorded["DetectLabels"]["Labels"]],
        "video-moderation": [{"ModerationLabel": label, "ContentTypes": []} for label in explicit],
        "video-faces": [{"Face": face}],
        "video-face-search": [{"Person": {"Index": 0, **box, "Face": face}, "FaceMatches": matches}],
        "video-celebrities": [{"Celebrity": somebody | {"KnownGender": {"Type": "Unlisted"}}}],
        "video-text": [{"TextDetection": word} for word in words],
    }


def _segments(film: Film, types: list[str]) -> list[Item]:
    """Shots of five seconds; all of it content."""
    frames = max(1, round(film.ms * FPS / 1000))
    found = []
    if "SHOT" in types:
        length = round(_SHOT_SECONDS * FPS)
        spans = [_span(film, first, min(first + length, frames) - 1) for first in range(0, frames, length)]
        found = [segments.shot(film, index, span, 95.5) for index, span in enumerate(spans)]
    if "TECHNICAL_CUE" in types:
        found.append(segments.cue(film, "Content", _span(film, 0, frames - 1), 95.5))
    return sorted(found, key=lambda item: types.index(item["Type"]))


def _span(film: Film, first: int, last: int) -> segments.Span:
    return segments.Span(first, last, int(first * 1000 / FPS), min(film.ms, int((last + 1) * 1000 / FPS)))
