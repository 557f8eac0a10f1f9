"""`video-faces`: faces of stored video, by StartFaceDetection."""

from jobs.apis.base import VideoApi

API = VideoApi(
    name="video-faces",
    operation="StartFaceDetection",
    summary="Faces over time, with age range, emotions, pose and quality.",
    meters=("video-faces",),
)
