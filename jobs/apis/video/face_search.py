"""`video-face-search`: who, of a face collection, appears when in stored video, by StartFaceSearch."""

from jobs.apis.base import VideoApi

API = VideoApi(
    name="video-face-search",
    operation="StartFaceSearch",
    summary="Who, of a face collection, appears when.",
    meters=("video-face-search",),
)
