"""`index-faces`: puts every face of the archive into a collection, by IndexFaces, for `search-faces` to find."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Image, Param, Params, Preparation
from jobs.apis.collection import COLLECTION, external_image_id, must_exist, quality_filter
from jobs.apis.columns import EMPTY, FLAG, TEXT, WHOLE, Columns, column, numbered, several
from jobs.apis.face_detail import ATTRIBUTES, detail, detail_columns, unasked
from jobs.apis.sights import Sight, people
from jobs.items import Item
from jobs.redact import shown_uri

SCHEMA = Columns(
    [
        numbered("face", "number of the face, stored ones first", "FaceRecords[] | UnindexedFaces[]"),
        column("indexed", FLAG, "true: the face is in the collection now", "FaceRecords[]"),
        column("face_id", TEXT, "AWS's id of the stored face", "FaceRecords[].Face.FaceId"),
        column("image_id", TEXT, "AWS's id of the image it came from", "FaceRecords[].Face.ImageId"),
        column("external_image_id", TEXT, "the item's URI in AWS's alphabet", "FaceRecords[].Face.ExternalImageId"),
        column("user_id", TEXT, "user the face is associated with", "FaceRecords[].Face.UserId"),
        several("reasons", "why the face was not stored", "UnindexedFaces[].Reasons[]"),
        *detail_columns("FaceRecords[].FaceDetail | UnindexedFaces[].FaceDetail"),
    ]
)
BRIEF = Columns(
    [
        column("faces_indexed", WHOLE, "faces stored in the collection", "FaceRecords[]"),
        column("faces_not_indexed", WHOLE, "faces found but not stored", "UnindexedFaces[]"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    return {
        "CollectionId": params["collection"],
        "Image": image,
        "ExternalImageId": external_image_id(shown_uri(item.uri)),
        "DetectionAttributes": list(params["detection_attributes"]),
        "MaxFaces": params["max_faces"],
        "QualityFilter": params["quality_filter"],
    }


def prepare(params: Params) -> tuple[Preparation, ...]:
    collection = params["collection"]
    if params["create"]:
        arguments = {"CollectionId": collection}
        return (Preparation("CreateCollection", arguments, fine=("ResourceAlreadyExistsException",)),)
    return (must_exist(collection),)


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per stored face, then one per face that was not stored."""
    stored = response.get("FaceRecords") or ()
    for number, record in enumerate(stored, 1):
        get = (record.get("Face") or EMPTY).get
        # AWS gives box and confidence in both members; the detail is the fuller one.
        face = record.get("FaceDetail") or record.get("Face") or EMPTY
        yield (
            number, True, get("FaceId"), get("ImageId"), get("ExternalImageId"), get("UserId"), None, *detail(face)
        )  # fmt: skip
    for number, left_out in enumerate(response.get("UnindexedFaces") or (), len(stored) + 1):
        reasons = "; ".join(left_out.get("Reasons") or ()) or None
        yield number, False, None, None, None, None, reasons, *detail(left_out.get("FaceDetail") or EMPTY)


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    return len(response.get("FaceRecords") or ()), len(response.get("UnindexedFaces") or ())


API = Api(
    name="index-faces",
    operation="IndexFaces",
    summary="Stores the faces of the archive in a collection, to be searched later.",
    sights=(people(), Sight("faces of {n} stored", "no face stored", "indexed", True)),
    meters=("image-group-1",),
    request=request,
    answer_keys=("FaceRecords", "FaceModelVersion", "UnindexedFaces"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(100, "faces", lambda r: len(r.get("FaceRecords") or ()), "max_faces"),
    params=(
        COLLECTION,
        Param("max_faces", "int", 100, "faces stored per image, best quality first (AWS's cap: 100)", 1, 100),
        quality_filter("AUTO"),
        Param(
            "detection_attributes",
            "list",
            ["DEFAULT"],
            "ALL, DEFAULT or single ones, joined by +",
            choices=ATTRIBUTES,
            most=14,
        ),
        Param("create", "bool", False, "make the collection if it is not there"),
    ),
    version_key="FaceModelVersion",
    golden_params={
        "collection": "archive",
        "max_faces": 100,
        "quality_filter": "AUTO",
        "detection_attributes": ["DEFAULT"],
        "create": True,
    },
    prepare=prepare,
    unasked=lambda params: unasked(params["detection_attributes"], SCHEMA),
    stores="face-vectors",
    reusable=False,
    assumptions=(
        "Every face stored (faces_indexed in the images table, up to max_faces per image) adds one unit of face-vectors"
        " for each month it is kept, on top of the call; `rekscan collections` prices and deletes them.",
    ),
    inherits=False,
)
