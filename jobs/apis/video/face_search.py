"""`video-face-search`: who, of a face collection, appears when in stored video, by StartFaceSearch."""

from jobs.apis.base import Param, VideoApi
from jobs.apis.collection import COLLECTION, must_exist

API = VideoApi(
    name="video-face-search",
    operation="StartFaceSearch",
    summary="Who, of a face collection, appears when.",
    meters=("video-face-search",),
    params=(
        COLLECTION,
        Param("face_match_threshold", "float", 80.0, "least similarity of a match (AWS's default: 80)", 0, 100),
    ),
    request=lambda params: {
        "CollectionId": params["collection"],
        "FaceMatchThreshold": params["face_match_threshold"],
    },
    reading={"SortBy": "TIMESTAMP"},
    prepare=lambda params: (must_exist(params["collection"]),),
)
