"""Rekognition's QualityFilter, on measures of our own: which faces are too poor to compare or to keep."""

from __future__ import annotations

from emulator.models.features import Face

# Least values by filter level: score, shorter side in pixels, brightness and sharpness (0 to 100). AUTO is what
# IndexFaces and SearchFacesByImage take when nothing is said.
_LEAST = {
    "NONE": (0.0, 0.0, 0.0, 0.0),
    "LOW": (0.75, 20.0, 8.0, 1.0),
    "AUTO": (0.75, 24.0, 10.0, 2.0),
    "MEDIUM": (0.8, 32.0, 15.0, 5.0),
    "HIGH": (0.85, 48.0, 25.0, 10.0),
}
_EXTREME = {"NONE": 181.0, "LOW": 75.0, "AUTO": 70.0, "MEDIUM": 60.0, "HIGH": 45.0}


def faults(face: Face, quality: str) -> list[str]:
    """Rekognition's reasons against this face; none means it is good enough."""
    score, pixels, brightness, sharpness = _LEAST[quality]
    reasons = []
    if abs(face["yaw"]) > _EXTREME[quality] or abs(face["pitch"]) > _EXTREME[quality]:
        reasons.append("EXTREME_POSE")
    if face["brightness"] < brightness:
        reasons.append("LOW_BRIGHTNESS")
    if face["sharpness"] < sharpness:
        reasons.append("LOW_SHARPNESS")
    if face["score"] < score:
        reasons.append("LOW_CONFIDENCE")
    if face["pixels"] < pixels:
        reasons.append("SMALL_BOUNDING_BOX")
    return reasons


def passes(face: Face, quality: str) -> bool:
    return not faults(face, quality)
