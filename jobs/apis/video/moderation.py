"""`video-moderation`: unsafe or unwanted content of stored video, by StartContentModeration."""

from jobs.apis.base import Param, VideoApi

API = VideoApi(
    name="video-moderation",
    operation="StartContentModeration",
    summary="Nudity, violence, drugs and other content to review, over time.",
    meters=("video-moderation",),
    params=(
        Param("min_confidence", "float", 50.0, "leave out labels under this confidence (AWS's default: 50)", 0, 100),
    ),
    request=lambda params: {"MinConfidence": params["min_confidence"]},
    reading={"SortBy": "TIMESTAMP"},
    version=lambda page: page.get("ModerationModelVersion"),
)
