"""From 68 landmarks and the face mesh to Rekognition's names, angles and openings. Pure geometry.

Numbering of the 68 points: iBUG 300-W. Rekognition's left is the left of the picture, as here.
"""

from __future__ import annotations

import math

import numpy as np

from emulator.models.session import Floats

_PLACES = {
    "leftEyeBrowLeft": 17,
    "leftEyeBrowUp": 19,
    "leftEyeBrowRight": 21,
    "rightEyeBrowLeft": 22,
    "rightEyeBrowUp": 24,
    "rightEyeBrowRight": 26,
    "leftEyeLeft": 36,
    "leftEyeRight": 39,
    "rightEyeLeft": 42,
    "rightEyeRight": 45,
    "noseLeft": 31,
    "noseRight": 35,
    "mouthUp": 51,
    "mouthDown": 57,
    "upperJawlineLeft": 0,
    "midJawlineLeft": 4,
    "chinBottom": 8,
    "midJawlineRight": 12,
    "upperJawlineRight": 16,
}
_BETWEEN = {
    "leftEyeUp": (37, 38),
    "leftEyeDown": (40, 41),
    "rightEyeUp": (43, 44),
    "rightEyeDown": (46, 47),
}
_EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))
# Of the mesh: outer corners of the eyes, top of the forehead and chin.
_EYE_LEFT, _EYE_RIGHT, _FOREHEAD, _CHIN = 33, 263, 10, 152


def named(points: Floats, five: Floats) -> dict[str, tuple[float, float]]:
    """Landmarks in pixels by Rekognition's names; the five main ones are the detector's own."""
    names = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
    found = {name: _point(five[place]) for place, name in enumerate(names)}
    found |= {name: _point(points[place]) for name, place in _PLACES.items()}
    found |= {name: _point((points[a] + points[b]) / 2) for name, (a, b) in _BETWEEN.items()}
    found["leftPupil"], found["rightPupil"] = (_point(points[list(eye)].mean(0)) for eye in _EYES)
    return found


def pose(mesh: Floats, five: Floats) -> tuple[float, float, float]:
    """Roll, yaw and pitch in degrees: positive yaw looks to the right of the picture, positive pitch up."""
    across = mesh[_EYE_RIGHT] - mesh[_EYE_LEFT]
    down = mesh[_CHIN] - mesh[_FOREHEAD]
    eyes = five[1] - five[0]
    roll = math.degrees(math.atan2(float(eyes[1]), float(eyes[0])))
    # The mesh's depth grows away from the camera.
    yaw = math.degrees(math.atan2(float(-across[2]), float(np.hypot(across[0], across[1]))))
    pitch = math.degrees(math.atan2(float(down[2]), float(np.hypot(down[0], down[1]))))
    return round(roll, 4), round(yaw, 4), round(pitch, 4)


def eye_ratio(points: Floats) -> float:
    """Height over width of the eyes, the mean of both: about 0.3 open, under 0.2 shut."""
    ratios = []
    for a, b, c, d, e, f in _EYES:
        height = _apart(points, b, f) + _apart(points, c, e)
        ratios.append(height / (2.0 * max(_apart(points, a, d), 1e-6)))
    return round(sum(ratios) / 2, 4)


def mouth_ratio(points: Floats) -> float:
    """Opening of the lips over the width of the mouth."""
    return round(_apart(points, 62, 66) / max(_apart(points, 60, 64), 1e-6), 4)


def _apart(points: Floats, a: int, b: int) -> float:
    return float(np.linalg.norm(points[a] - points[b]))


def _point(point: Floats) -> tuple[float, float]:
    return float(point[0]), float(point[1])
