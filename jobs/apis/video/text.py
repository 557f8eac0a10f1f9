"""`video-text`: written text of stored video, by StartTextDetection."""

from jobs.apis.base import VideoApi

API = VideoApi(
    name="video-text",
    operation="StartTextDetection",
    summary="Written text by line and word, 100 words per frame at most.",
    meters=("video-text",),
)
