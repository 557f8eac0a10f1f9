"""`video-segments`: shots and technical cues of stored video, by StartSegmentDetection, which bills each type apart."""

from collections.abc import Mapping
from typing import Any

from jobs.apis.base import Param, Params, VideoApi

_METERS = {"shot": "video-segments-shot", "technical-cue": "video-segments-technical-cue"}
_TYPES = {"shot": "SHOT", "technical-cue": "TECHNICAL_CUE"}
_FILTERS = {"shot": "ShotFilter", "technical-cue": "TechnicalCueFilter"}


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


API = VideoApi(
    name="video-segments",
    operation="StartSegmentDetection",
    summary="Shots, and technical cues: black frames, colour bars, credits, slates, studio logos.",
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
)
