"""`video-celebrities`: well-known people and when they appear in stored video, by StartCelebrityRecognition."""

from jobs.apis.base import VideoApi

API = VideoApi(
    name="video-celebrities",
    operation="StartCelebrityRecognition",
    summary="Well-known people and when they appear.",
    meters=("video-celebrities",),
    reading={"SortBy": "TIMESTAMP"},
)
