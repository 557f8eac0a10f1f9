"""Faces: YuNet finds them, a 68-point net and a face mesh measure them, small nets guess age, gender and mood,
and a ResNet turns each into the 128 numbers that tell people apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from emulator.models.features import Face, Person
from emulator.models.landmarks import eye_ratio, mouth_ratio, named, pose
from emulator.models.properties import light
from emulator.models.session import Floats, Image, load, path_of, ratio, resized

DETECT_SIDE = 1024
THRESHOLD = 0.75  # 0 missed, 3 false on 105 pictures with 28 faces
MAX_FACES = 100
EMOTIONS = ("CALM", "HAPPY", "SAD", "ANGRY", "FEAR", "DISGUSTED", "SURPRISED")
# Where the vector net wants eyes, nose and mouth, in a square of side 1.
_PLACES = np.array(
    [[0.22725, 0.2214], [0.7528, 0.2212], [0.490127, 0.515625], [0.254149, 0.780233], [0.726104, 0.780233]]
)
_REFERENCE = (_PLACES + 0.25) / 1.5
_VECTOR_SIDE, _CROP_SIDE, _MESH_SIDE = 150, 112, 192


@dataclass(slots=True)
class Found:
    """A detection in pixels of the working picture; `points`: eyes, nose, mouth corners, left before right."""

    box: Floats
    points: Floats
    score: float


class Detector:
    def __init__(self) -> None:
        path = path_of("face_detection_yunet_2023mar.onnx")
        self._net: Any = cv2.FaceDetectorYN.create(path, "", (320, 320), 0.6, 0.3, 5000)

    def find(self, image: Image) -> list[Found]:
        height, width = image.shape[:2]
        scale = min(1.0, DETECT_SIDE / max(height, width))
        small = resized(image, round(width * scale), round(height * scale)) if scale < 1 else image
        self._net.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._net.detect(small)
        found = []
        for row in rows if rows is not None else ():
            x0, y0 = max(0.0, row[0] / scale), max(0.0, row[1] / scale)
            x1, y1 = min(width, (row[0] + row[2]) / scale), min(height, (row[1] + row[3]) / scale)
            if row[14] > THRESHOLD and x1 - x0 >= 1 and y1 - y0 >= 1:
                box = np.array([x0, y0, x1 - x0, y1 - y0], np.float32)
                found.append(Found(box, np.asarray(row[4:14].reshape(5, 2) / scale, np.float32), float(row[14])))
        found.sort(key=lambda face: -float(face.box[2] * face.box[3]))
        return found[:MAX_FACES]


class Measurer:
    """Landmarks, pose and light of a face."""

    def __init__(self) -> None:
        self._points = load("faceapi_lm68.onnx")
        self._mesh = load("facemesh.onnx")

    def measure(self, image: Image, face: Found, grown: float) -> tuple[Face, Floats]:
        """The face in Rekognition's terms, and its 68 points in pixels; `grown` is original over working size."""
        height, width = image.shape[:2]
        points = self._landmarks(image, face)
        roll, yaw, pitch = pose(self._mesh_points(image, face), face.points)
        left, top, wide, high = (float(value) for value in face.box)
        patch = image[int(top) : int(top + high) + 1, int(left) : int(left + wide) + 1]
        gray = np.asarray(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), np.uint8)
        brightness, _, sharpness = light(resized(gray, 96, 96))
        places = named(points, face.points)
        document: Face = {
            "box": [ratio(left, width), ratio(top, height), ratio(wide, width), ratio(high, height)],
            "score": face.score,
            "pixels": round(min(wide, high) * grown, 1),
            "landmarks": {name: [ratio(x, width), ratio(y, height)] for name, (x, y) in places.items()},
            "roll": roll,
            "yaw": yaw,
            "pitch": pitch,
            "brightness": brightness,
            "sharpness": sharpness,
        }
        return document, points

    def _landmarks(self, image: Image, face: Found) -> Floats:
        crop, side, left, top = _square(image, face.box, _CROP_SIDE, 1.0)
        points = self._points.run(None, {"input": _rgb(crop)})[0].reshape(68, 2)
        return np.asarray(points * side + [left, top], np.float32)

    def _mesh_points(self, image: Image, face: Found) -> Floats:
        """468 points in three dimensions, in units of the crop."""
        crop, _, _, _ = _square(image, face.box, _MESH_SIDE, 1.5)
        outputs = self._mesh.run(None, {"input_1": _rgb(crop) / 255.0})
        mesh = next(output for output in outputs if output.shape[-1] == 1404)
        return np.asarray(mesh.reshape(468, 3), np.float32)


class Attributes:
    """Age, gender, mood; eyes and mouth by their landmarks."""

    def __init__(self) -> None:
        self._age_gender = load("faceapi_agegender.onnx")
        self._mood = load("faceapi_expr.onnx")

    def guess(self, image: Image, face: Found, points: Floats) -> Person:
        crop, _, _, _ = _square(image, face.box, _CROP_SIDE, 1.0)
        tensor = _rgb(crop)
        age, gender = self._age_gender.run(["age", "gender"], {"input": tensor})
        mood = self._mood.run(None, {"input": tensor})[0][0]
        return {
            "age": round(float(age.reshape(-1)[0]), 2),
            "male": round(float(gender[0][0]), 6),
            "emotions": {name: round(float(chance), 6) for name, chance in zip(EMOTIONS, mood, strict=True)},
            "eye_ratio": eye_ratio(points),
            "mouth_ratio": mouth_ratio(points),
        }


class Vectors:
    def __init__(self) -> None:
        self._net = load("faceapi_embed.onnx")

    def of(self, image: Image, face: Found) -> list[float]:
        chip = _aligned(image, face.points)
        return [round(float(value), 7) for value in self._net.run(None, {"input": _rgb(chip)})[0][0]]


def _square(image: Image, box: Floats, side: int, margin: float) -> tuple[Image, float, float, float]:
    """A square around the box, `margin` times its longer side, with its size, left and top in the picture."""
    x, y, wide, high = (float(value) for value in box)
    size = max(wide, high) * margin
    left, top = x + wide / 2 - size / 2, y + high / 2 - size / 2
    scale = side / size
    matrix = np.array([[scale, 0.0, -left * scale], [0.0, scale, -top * scale]])
    crop = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8), size, left, top


def _aligned(image: Image, points: Floats) -> Image:
    """Turned and scaled so that the five points fall where the vector net wants them (Umeyama 1991)."""
    source, target = points.astype(np.float64), _REFERENCE * _VECTOR_SIDE
    source_mean, target_mean = source.mean(0), target.mean(0)
    a, b = source - source_mean, target - target_mean
    u, spread, v = np.linalg.svd(b.T @ a / len(points))
    sign = np.eye(2)
    if np.linalg.det(u) * np.linalg.det(v) < 0:
        sign[1, 1] = -1
    turn = u @ sign @ v
    scale = np.trace(np.diag(spread) @ sign) / max(a.var(0).sum(), 1e-9)
    matrix = np.zeros((2, 3))
    matrix[:, :2] = scale * turn
    matrix[:, 2] = target_mean - scale * turn @ source_mean
    return np.asarray(cv2.warpAffine(image, matrix, (_VECTOR_SIDE, _VECTOR_SIDE)), np.uint8)


def _rgb(crop: Image) -> Floats:
    return np.ascontiguousarray(crop[None, ..., ::-1].astype(np.float32))
