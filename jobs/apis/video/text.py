"""`video-text`: written text of stored video, by StartTextDetection."""

from typing import Any

from jobs.apis.base import Param, Params, VideoApi

_SIDES = {"min_height": "MinBoundingBoxHeight", "min_width": "MinBoundingBoxWidth"}


def request(params: Params) -> dict[str, Any]:
    words = {"MinConfidence": params["min_confidence"]} | {
        aws: params[ours] for ours, aws in _SIDES.items() if params[ours]
    }
    return {"Filters": {"WordFilter": words}}


API = VideoApi(
    name="video-text",
    operation="StartTextDetection",
    summary="Written text by line and word, 100 words per frame at most.",
    meters=("video-text",),
    params=(
        Param("min_confidence", "float", 80.0, "leave out words under this confidence (AWS's default: 80)", 0, 100),
        Param("min_height", "float", 0.0, "leave out words lower than this ratio of the picture's height", 0, 1),
        Param("min_width", "float", 0.0, "leave out words narrower than this ratio of the picture's width", 0, 1),
    ),
    request=request,
    version=lambda page: page.get("TextModelVersion"),
)
