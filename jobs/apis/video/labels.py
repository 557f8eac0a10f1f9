"""`video-labels`: things, scenes and actions of stored video, by StartLabelDetection."""

from jobs.apis.base import VideoApi

API = VideoApi(
    name="video-labels",
    operation="StartLabelDetection",
    summary="Things, scenes and actions over time, with boxes for common objects.",
    meters=("video-labels",),
)
