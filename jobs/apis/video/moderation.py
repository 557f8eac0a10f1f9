"""`video-moderation`: unsafe or unwanted content of stored video, by StartContentModeration."""

from jobs.apis.base import VideoApi

API = VideoApi(
    name="video-moderation",
    operation="StartContentModeration",
    summary="Nudity, violence, drugs and other content to review, over time.",
    meters=("video-moderation",),
)
