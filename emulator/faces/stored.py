"""Faces of a collection as Rekognition writes them."""

from __future__ import annotations

from typing import Any

from emulator.faces.face_collections import StoredFace
from emulator.faces.faces import bounding_box, percent, similarity
from emulator.models.catalogue import MODEL_VERSION


def record(face: StoredFace) -> dict[str, Any]:
    document = {
        "FaceId": face.face_id,
        "BoundingBox": bounding_box(face.box),
        "ImageId": face.image_id,
        "Confidence": percent(face.confidence),
        "IndexFacesModelVersion": MODEL_VERSION,
    }
    if face.external_id is not None:
        document["ExternalImageId"] = face.external_id
    return document


def matches(found: list[tuple[StoredFace, float]], threshold: float) -> list[dict[str, Any]]:
    scored = [(similarity(apart), face) for face, apart in found]
    return [{"Similarity": alike, "Face": record(face)} for alike, face in scored if alike >= threshold]
