"""`video-segments`: shots and technical cues of stored video, by StartSegmentDetection, which bills each type apart."""

from jobs.apis.base import Param, Params, VideoApi

_METERS = {"shot": "video-segments-shot", "technical-cue": "video-segments-technical-cue"}


def meters(params: Params) -> tuple[str, ...]:
    """One of each type asked for."""
    return tuple(meter for kind, meter in _METERS.items() if kind in params["types"])


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
    ),
    meters_by_params=meters,
)
