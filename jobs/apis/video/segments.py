"""`video-segments`: shots and technical cues of stored video, by StartSegmentDetection, which bills each type apart."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Param, Params, VideoApi
from jobs.apis.columns import EMPTY, LONG, TEXT, Columns, column, percent
from jobs.apis.sights import Sight

_METERS = {"shot": "video-segments-shot", "technical-cue": "video-segments-technical-cue"}
_TYPES = {"shot": "SHOT", "technical-cue": "TECHNICAL_CUE"}
_FILTERS = {"shot": "ShotFilter", "technical-cue": "TechnicalCueFilter"}
_CUE, _SHOT = "Segments[].TechnicalCueSegment", "Segments[].ShotSegment"
SCHEMA = Columns(
    [
        column("start_ms", LONG, "its first millisecond, rounded down", "Segments[].StartTimestampMillis"),
        column("end_ms", LONG, "its last millisecond, rounded down", "Segments[].EndTimestampMillis"),
        column("type", TEXT, "SHOT or TECHNICAL_CUE", "Segments[].Type"),
        column(
            "name",
            TEXT,
            "of a cue: BlackFrames, ColorBars, EndCredits, OpeningCredits, StudioLogo, Slate, Content; else Shot",
            f"{_CUE}.Type",
        ),
        percent("confidence", "confidence of the segment", f"{_CUE}.Confidence | {_SHOT}.Confidence"),
        column("shot_index", LONG, "number of the shot, from 0", f"{_SHOT}.Index"),
        column("start_frame", LONG, "its first frame, from 0", "Segments[].StartFrameNumber"),
        column("end_frame", LONG, "its last frame", "Segments[].EndFrameNumber"),
        column("frames", LONG, "how many frames", "Segments[].DurationFrames"),
        column("start_smpte", TEXT, "SMPTE timecode of its first frame", "Segments[].StartTimecodeSMPTE"),
        column("end_smpte", TEXT, "SMPTE timecode of its last frame", "Segments[].EndTimecodeSMPTE"),
        column("duration_smpte", TEXT, "how long, as SMPTE timecode", "Segments[].DurationSMPTE"),
    ]
)
BRIEF = Columns(
    [
        column("shots", LONG, "shots found", "Segments[].ShotSegment.Index"),
        column("cues", TEXT, "technical cues and how many of each: 'BlackFrames 2; Content 3'", f"{_CUE}.Type"),
    ]
)


def meters(params: Params) -> tuple[str, ...]:
    """One of each type asked for."""
    return tuple(meter for kind, meter in _METERS.items() if kind in params["types"])


def request(params: Params) -> dict[str, Any]:
    least = {"MinSegmentConfidence": params["min_confidence"]}
    filters = {_FILTERS[kind]: least for kind in params["types"]}
    return {"SegmentTypes": [_TYPES[kind] for kind in params["types"]], "Filters": filters}


def version(page: Mapping[str, Any]) -> str | None:
    """That of each type, where AWS says it."""
    found = {str(one.get("ModelVersion")) for one in page.get("SelectedSegmentTypes") or () if one.get("ModelVersion")}
    return "; ".join(sorted(found)) or None


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per segment: by type, then by time."""
    for found in page.get("Segments") or ():
        get = found.get
        shot, cue = get("ShotSegment") or EMPTY, get("TechnicalCueSegment") or EMPTY
        confidence = cue.get("Confidence") if cue else shot.get("Confidence")
        yield (
            get("StartTimestampMillis"), get("EndTimestampMillis"), get("Type"), _name(found), confidence,
            shot.get("Index"), get("StartFrameNumber"), get("EndFrameNumber"), get("DurationFrames"),
            get("StartTimecodeSMPTE"), get("EndTimecodeSMPTE"), get("DurationSMPTE"),
        )  # fmt: skip


def _name(segment: Mapping[str, Any]) -> str | None:
    cue: str | None = (segment.get("TechnicalCueSegment") or EMPTY).get("Type")
    return cue or ("Shot" if segment.get("Type") == "SHOT" else None)


class Brief:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, page: Mapping[str, Any]) -> None:
        self._counts.update(name for one in page.get("Segments") or () if (name := _name(one)))

    def values(self) -> tuple[Any, ...]:
        cues = "; ".join(f"{name} {count}" for name, count in sorted(self._counts.items()) if name != "Shot")
        return self._counts["Shot"], cues or None


API = VideoApi(
    name="video-segments",
    operation="StartSegmentDetection",
    summary="Shots, and technical cues: black frames, colour bars, credits, slates, studio logos.",
    sights=(Sight("shots and cues in {n}", "no shots or cues"),),
    meters=tuple(_METERS.values()),
    params=(
        Param(
            "types",
            "list",
            list(_METERS),
            "what is looked for, joined by +; each is billed by the minute",
            choices=tuple(_METERS),
            least=1,
        ),
        Param("min_confidence", "float", 50.0, "leave out segments under this confidence (AWS's default: 50)", 50, 100),
    ),
    meters_by_params=meters,
    request=request,
    version=version,
    answer_keys=("Segments",),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="name",
)
