"""`video-faces`: faces of stored video, by StartFaceDetection."""

from jobs.apis.base import Param, VideoApi

API = VideoApi(
    name="video-faces",
    operation="StartFaceDetection",
    summary="Faces over time, with age range, emotions, pose and quality.",
    meters=("video-faces",),
    params=(
        Param(
            "attributes",
            "str",
            "DEFAULT",
            "ALL: age, emotions, glasses and more; DEFAULT: box, landmarks, pose, quality (AWS's default)",
            choices=("DEFAULT", "ALL"),
        ),
    ),
    request=lambda params: {"FaceAttributes": params["attributes"]},
)
