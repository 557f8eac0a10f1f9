"""`celebrities`: well-known people and the faces nobody knows, by RecognizeCelebrities (64 largest faces)."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Gist, Image, Params
from jobs.apis.columns import (
    EMPTY,
    FLAG,
    TEXT,
    WHOLE,
    Columns,
    as_json,
    box,
    column,
    named,
    numbered,
    one_of,
    percent,
    pose,
    several,
    sides,
    summary,
)
from jobs.apis.face_detail import EMOTIONS
from jobs.apis.sights import Sight, people
from jobs.items import Item

GENDERS = ("Male", "Female", "Nonbinary", "Unlisted")  # botocore: enum KnownGenderType


def _both(member: str) -> str:
    return f"CelebrityFaces[].Face.{member} | UnrecognizedFaces[].{member}"


SCHEMA = Columns(
    [
        numbered("face", "recognised faces first", "CelebrityFaces[] | UnrecognizedFaces[]"),
        column("recognized", FLAG, "true for a celebrity", "CelebrityFaces[]"),
        column("name", TEXT, "name of the celebrity", "CelebrityFaces[].Name"),
        column("celebrity_id", TEXT, "AWS's id of the celebrity", "CelebrityFaces[].Id"),
        percent("match_confidence", "confidence that it is this person", "CelebrityFaces[].MatchConfidence"),
        one_of("known_gender", GENDERS, "the celebrity's known gender", "CelebrityFaces[].KnownGender.Type"),
        several("urls", "pages about the celebrity", "CelebrityFaces[].Urls[]"),
        percent("confidence", "confidence that this is a face", _both("Confidence")),
        *box(_both("BoundingBox")),
        one_of("emotion", EMOTIONS, "most confident apparent emotion", _both("Emotions[].Type")),
        percent("emotion_confidence", "its confidence", _both("Emotions[].Confidence")),
        column("smile", FLAG, "the face smiles", _both("Smile.Value")),
        percent("smile_confidence", "confidence of smile", _both("Smile.Confidence")),
        *pose(_both),
        percent("brightness", "brightness of the face", _both("Quality.Brightness")),
        percent("sharpness", "sharpness of the face", _both("Quality.Sharpness")),
        column("landmarks", TEXT, "points of the face, JSON list of {Type, X, Y} ratios", _both("Landmarks[]")),
    ]
)
BRIEF = Columns(
    [
        column("celebrities", TEXT, "the five most confident names, with their confidence", "CelebrityFaces[].Name"),
        column("unknown_faces", WHOLE, "faces of people AWS does not know", "UnrecognizedFaces[]"),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    return {"Image": image}


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per recognised face, then one per unrecognised one."""
    celebrities = response.get("CelebrityFaces") or ()
    for number, celebrity in enumerate(celebrities, 1):
        get = celebrity.get
        yield (
            number, True, get("Name"), get("Id"), get("MatchConfidence"), (get("KnownGender") or EMPTY).get("Type"),
            "; ".join(get("Urls") or ()) or None, *_face(get("Face") or EMPTY),
        )  # fmt: skip
    for number, face in enumerate(response.get("UnrecognizedFaces") or (), len(celebrities) + 1):
        yield number, False, None, None, None, None, None, *_face(face)


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    found = response.get("CelebrityFaces") or ()
    named = [{"Name": one.get("Name"), "Confidence": one.get("MatchConfidence")} for one in found]
    return summary(named), len(response.get("UnrecognizedFaces") or ())


def _face(face: Mapping[str, Any]) -> tuple[Any, ...]:
    get = face.get
    left, top, width, height = sides(get("BoundingBox") or EMPTY)
    emotion = max(get("Emotions") or (EMPTY,), key=lambda one: one.get("Confidence") or 0)
    smile, pose, quality = get("Smile") or EMPTY, get("Pose") or EMPTY, get("Quality") or EMPTY
    return (
        get("Confidence"), left, top, width, height, emotion.get("Type"), emotion.get("Confidence"),
        smile.get("Value"), smile.get("Confidence"), pose.get("Roll"), pose.get("Yaw"), pose.get("Pitch"),
        quality.get("Brightness"), quality.get("Sharpness"), as_json(get("Landmarks")),
    )  # fmt: skip


API = Api(
    name="celebrities",
    operation="RecognizeCelebrities",
    summary="Well-known people with links, and unrecognised faces; the 64 largest faces.",
    sights=(Sight("celebrities in {n}", "no celebrities", "recognized", True), people()),
    meters=("image-group-2",),
    request=request,
    answer_keys=("CelebrityFaces", "UnrecognizedFaces"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(64, "faces", lambda r: len(r.get("CelebrityFaces") or ()) + len(r.get("UnrecognizedFaces") or ())),
    name_column="name",
    confidence_column="match_confidence",
    gist=Gist("celebrities", lambda r: named(r.get("CelebrityFaces"))),
)
