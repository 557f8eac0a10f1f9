"""`search-faces`: whose face, of a collection, is each image's largest one, by SearchFacesByImage."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Image, Param, Params
from jobs.apis.collection import COLLECTION, must_exist, quality_filter, uri_of
from jobs.apis.columns import EMPTY, TEXT, WHOLE, Columns, box, column, numbered, percent, sides
from jobs.apis.compare_faces import NO_FACE
from jobs.apis.sights import Sight, people
from jobs.items import Item

SCHEMA = Columns(
    [
        numbered("rank", "place of the match in AWS's order; null: nothing matched", "FaceMatches[]"),
        percent("similarity", "similarity with the image's largest face", "FaceMatches[].Similarity"),
        column("face_id", TEXT, "AWS's id of the stored face", "FaceMatches[].Face.FaceId"),
        column("image_id", TEXT, "AWS's id of the image it was indexed from", "FaceMatches[].Face.ImageId"),
        column("external_image_id", TEXT, "name it was indexed under", "FaceMatches[].Face.ExternalImageId"),
        column(
            "match_uri",
            TEXT,
            "item it was indexed from, where index-faces of rekscan did that and the name fitted",
            "FaceMatches[].Face.ExternalImageId",
        ),
        column("user_id", TEXT, "user the stored face is associated with", "FaceMatches[].Face.UserId"),
        percent("face_confidence", "confidence that the stored face is one", "FaceMatches[].Face.Confidence"),
        *box("FaceMatches[].Face.BoundingBox", "stored face in its own image", "match_"),
        percent("confidence", "confidence that the searched face is one", "SearchedFaceConfidence"),
        *box("SearchedFaceBoundingBox", "searched face"),
    ]
)
BRIEF = Columns(
    [
        column("search_matches", WHOLE, "stored faces that match", "FaceMatches[]"),
        column(
            "search_best", TEXT, "the most similar one: its item, else its name", "FaceMatches[].Face.ExternalImageId"
        ),
        percent("search_similarity", "its similarity", "FaceMatches[].Similarity"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    return {
        "CollectionId": params["collection"],
        "Image": image,
        "MaxFaces": params["max_faces"],
        "FaceMatchThreshold": params["face_match_threshold"],
        "QualityFilter": params["quality_filter"],
    }


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per match; a face that matches nobody has one row, an image without a face none."""
    searched = response.get("SearchedFaceBoundingBox")
    tail = (response.get("SearchedFaceConfidence"), *sides(searched or EMPTY))
    matches = response.get("FaceMatches")
    if matches:
        for rank, match in enumerate(matches, 1):
            face = match.get("Face") or EMPTY
            get = face.get
            name = get("ExternalImageId")
            yield (
                rank, match.get("Similarity"), get("FaceId"), get("ImageId"), name, uri_of(name), get("UserId"),
                get("Confidence"), *sides(get("BoundingBox") or EMPTY), *tail,
            )  # fmt: skip
    elif searched:
        yield None, None, None, None, None, None, None, None, None, None, None, None, *tail


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    matches = response.get("FaceMatches")
    if not matches:
        return 0, None, None
    best = max(matches, key=lambda match: match.get("Similarity") or 0)
    face = best.get("Face") or EMPTY
    name = face.get("ExternalImageId")
    return len(matches), uri_of(name) or name or face.get("FaceId"), best.get("Similarity")


def no_face(code: str, message: str) -> dict[str, Any] | None:
    """AWS answers "no face in the image" with an error, by its documentation of SearchFacesByImage."""
    return {"FaceMatches": []} if code == "InvalidParameterException" and NO_FACE.search(message) else None


API = Api(
    name="search-faces",
    operation="SearchFacesByImage",
    summary="Who, of a face collection, each image's largest face is.",
    sights=(Sight("known faces in {n}", "no known face", "rank"), people()),
    meters=("image-group-1",),
    request=request,
    answer_keys=("SearchedFaceBoundingBox", "SearchedFaceConfidence", "FaceMatches", "FaceModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(4096, "matches", lambda r: len(r.get("FaceMatches") or ()), "max_faces"),
    params=(
        COLLECTION,
        Param("max_faces", "int", 5, "matches per image, the most similar ones (AWS's cap: 4096)", 1, 4096),
        Param("face_match_threshold", "float", 80.0, "least similarity of a match (AWS's default: 80)", 0, 100),
        quality_filter("NONE"),
    ),
    version_key="FaceModelVersion",
    name_column="match_uri",
    confidence_column="similarity",
    answer_for_error=no_face,
    golden_params={
        "collection": "archive",
        "max_faces": 5,
        "face_match_threshold": 80.0,
        "quality_filter": "NONE",
    },
    prepare=lambda params: (must_exist(params["collection"]),),
    reusable=False,
    inherits=False,
)
