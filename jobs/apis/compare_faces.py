"""`compare-faces`: one face, from a picture of yours, looked for in every image, by CompareFaces.

The largest face of `source` is compared with the 100 largest faces of each image of the archive (the target).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Image, Param, Params
from jobs.apis.collection import quality_filter
from jobs.apis.columns import EMPTY, FLAG, TEXT, WHOLE, Columns, as_json, box, column, numbered, percent, pose, sides
from jobs.apis.sights import Sight
from jobs.items import Item


def _both(member: str) -> str:
    return f"FaceMatches[].Face.{member} | UnmatchedFaces[].{member}"


SCHEMA = Columns(
    [
        numbered("face", "number of the face, matches first", "FaceMatches[] | UnmatchedFaces[]"),
        column("matched", FLAG, "true: at least as similar as the threshold", "FaceMatches[]"),
        percent("similarity", "similarity with the source face; null: not matched", "FaceMatches[].Similarity"),
        percent("confidence", "confidence that this is a face", _both("Confidence")),
        *box(_both("BoundingBox")),
        *pose(_both),
        percent("brightness", "brightness of the face", _both("Quality.Brightness")),
        percent("sharpness", "sharpness of the face", _both("Quality.Sharpness")),
        column("landmarks", TEXT, "points of the face, JSON list of {Type, X, Y} ratios", _both("Landmarks[]")),
        percent("source_confidence", "confidence of the face in the source", "SourceImageFace.Confidence"),
        *box("SourceImageFace.BoundingBox", "face in the source picture", "source_"),
    ]
)
BRIEF = Columns(
    [
        column("compare_matches", WHOLE, "faces that match the source", "FaceMatches[]"),
        percent("compare_similarity", "the highest similarity", "FaceMatches[].Similarity"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    """`params["source"]`: the bytes of the source picture."""
    return {
        "SourceImage": {"Bytes": params["source"]},
        "TargetImage": image,
        "SimilarityThreshold": params["similarity_threshold"],
        "QualityFilter": params["quality_filter"],
    }


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per face of the image: matches, then the others."""
    source = response.get("SourceImageFace") or EMPTY
    tail = (source.get("Confidence"), *sides(source.get("BoundingBox") or EMPTY))
    matches = response.get("FaceMatches") or ()
    for number, match in enumerate(matches, 1):
        yield number, True, match.get("Similarity"), *_face(match.get("Face") or EMPTY), *tail
    for number, face in enumerate(response.get("UnmatchedFaces") or (), len(matches) + 1):
        yield number, False, None, *_face(face), *tail


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    matches = response.get("FaceMatches") or ()
    similar = [match["Similarity"] for match in matches if match.get("Similarity") is not None]
    return len(matches), max(similar, default=None)


def no_face(code: str, message: str) -> dict[str, Any] | None:
    """AWS answers "no face" in either picture with an error, by its documentation of CompareFaces.

    Its text is "Request has invalid parameters" (also said of images under 80 px, which are not sent) or
    "There are no faces in the image. Should be at least 1."; neither says which picture it means.
    """
    if code == "InvalidParameterException" and NO_FACE.search(message):
        return {"FaceMatches": [], "UnmatchedFaces": []}
    return None


def question(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The source compared with itself: "no face" then is of the source."""
    return {**arguments, "TargetImage": arguments["SourceImage"]}


NO_FACE = re.compile(r"^Request has invalid parameters\.?$|\bno faces? in the image\b", re.IGNORECASE)


def _face(face: Mapping[str, Any]) -> tuple[Any, ...]:
    get = face.get
    left, top, width, height = sides(get("BoundingBox") or EMPTY)
    pose, quality = get("Pose") or EMPTY, get("Quality") or EMPTY
    return (
        get("Confidence"), left, top, width, height, pose.get("Roll"), pose.get("Yaw"), pose.get("Pitch"),
        quality.get("Brightness"), quality.get("Sharpness"), as_json(get("Landmarks")),
    )  # fmt: skip


API = Api(
    name="compare-faces",
    operation="CompareFaces",
    summary="One person, from a picture of yours, looked for in every image.",
    sights=(Sight("the person looked for in {n}", "the person looked for in none", "matched", True),),
    meters=("image-group-1",),
    request=request,
    answer_keys=("SourceImageFace", "FaceMatches", "UnmatchedFaces"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(100, "faces", lambda r: len(r.get("FaceMatches") or ()) + len(r.get("UnmatchedFaces") or ())),
    params=(
        Param("source", "file", None, "picture of the face to look for (its largest face counts)", required=True),
        Param("similarity_threshold", "float", 80.0, "least similarity of a match (AWS's default: 80)", 0, 100),
        quality_filter("NONE"),
    ),
    confidence_column="similarity",
    answer_for_error=no_face,
    question=question,
    golden_params={"source": b"\xff\xd8\xff", "similarity_threshold": 80.0, "quality_filter": "NONE"},
    assumptions=("CompareFaces counts one image per call: the source only.",),
    inherits=False,
)
