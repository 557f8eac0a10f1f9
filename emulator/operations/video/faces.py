"""Face detection: every face, twice a second."""

from __future__ import annotations

from emulator.videos.kind import Kind

KIND = Kind(
    subject="FaceDetection",
    short="video-faces",
    results="Faces",
    cannot="as DetectFaces: no beard, mustache, eyeglasses, sunglasses, occlusion and eye direction",
)
