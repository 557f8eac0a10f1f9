"""AWS's FaceDetail as columns, for every API that answers with one (`faces`, `index-faces`)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from jobs.apis.columns import (
    EMPTY,
    FLAG,
    TEXT,
    WHOLE,
    Column,
    as_json,
    box,
    column,
    degrees,
    one_of,
    percent,
    pose,
    sides,
)

# botocore: enum Attribute
ATTRIBUTES = (
    "DEFAULT",
    "ALL",
    "AGE_RANGE",
    "BEARD",
    "EMOTIONS",
    "EYE_DIRECTION",
    "EYEGLASSES",
    "EYES_OPEN",
    "GENDER",
    "MOUTH_OPEN",
    "MUSTACHE",
    "FACE_OCCLUDED",
    "SMILE",
    "SUNGLASSES",
)
# botocore: enum EmotionName
EMOTIONS = ("HAPPY", "SAD", "ANGRY", "CONFUSED", "DISGUSTED", "SURPRISED", "CALM", "FEAR", "UNKNOWN")
_FLAGS = (
    ("smile", "Smile", "the face smiles"),
    ("eyeglasses", "Eyeglasses", "wears glasses of any kind"),
    ("sunglasses", "Sunglasses", "wears sunglasses"),
    ("beard", "Beard", "has a beard"),
    ("mustache", "Mustache", "has a mustache"),
    ("eyes_open", "EyesOpen", "the eyes are open"),
    ("mouth_open", "MouthOpen", "the mouth is open"),
    ("face_occluded", "FaceOccluded", "part of the face is covered"),
)


def detail_columns(path: str) -> list[Column]:
    """The columns of `detail`. `path`: where FaceDetail stands, several joined by " | "."""

    def at(member: str) -> str:
        return " | ".join(f"{one}.{member}" for one in path.split(" | "))

    flags = [
        field
        for name, member, doc in _FLAGS
        for field in (
            column(name, FLAG, doc, at(f"{member}.Value")),
            percent(f"{name}_confidence", f"confidence of {name}", at(f"{member}.Confidence")),
        )
    ]
    return [
        *box(at("BoundingBox")),
        percent("confidence", "confidence that this is a face", at("Confidence")),
        column("age_low", WHOLE, "apparent age in years, low end", at("AgeRange.Low")),
        column("age_high", WHOLE, "apparent age in years, high end", at("AgeRange.High")),
        one_of("gender", ("Male", "Female"), "Male or Female, as the face looks to the model", at("Gender.Value")),
        percent("gender_confidence", "confidence of gender", at("Gender.Confidence")),
        one_of("emotion", EMOTIONS, "most confident apparent emotion", at("Emotions[].Type")),
        percent("emotion_confidence", "its confidence", at("Emotions[].Confidence")),
        *(percent(f"emotion_{one.lower()}", f"confidence of {one}", at("Emotions[].Confidence")) for one in EMOTIONS),
        *flags,
        *pose(at),
        degrees("eye_direction_yaw", "gaze yaw", at("EyeDirection.Yaw")),
        degrees("eye_direction_pitch", "gaze pitch", at("EyeDirection.Pitch")),
        percent("eye_direction_confidence", "confidence of the gaze", at("EyeDirection.Confidence")),
        percent("brightness", "brightness of the face", at("Quality.Brightness")),
        percent("sharpness", "sharpness of the face", at("Quality.Sharpness")),
        column("landmarks", TEXT, "points of the face, JSON list of {Type, X, Y} ratios", at("Landmarks[]")),
    ]


def unasked(attributes: Collection[str], columns: Iterable[Column]) -> frozenset[str]:
    """The columns that stay empty where these attributes are asked for."""
    if "ALL" in attributes:
        return frozenset()
    members = {one.replace("_", "").lower(): one for one in ATTRIBUTES}
    asked_with = {
        column.name: {members.get(part.rstrip("[]").lower()) for part in column.aws.split(".")} for column in columns
    }
    return frozenset(name for name, needs in asked_with.items() if needs - {None} and not needs & {*attributes})


def outline_columns(path: str) -> list[Column]:
    """The columns of `outline`. `path`: where FaceDetail stands, of which AWS fills in little."""
    return [
        percent("face_confidence", "confidence that it is a face", f"{path}.Confidence"),
        *box(f"{path}.BoundingBox", "face", "face_"),
        *pose(lambda member: f"{path}.{member}"),
        percent("brightness", "brightness of the face", f"{path}.Quality.Brightness"),
        percent("sharpness", "sharpness of the face", f"{path}.Quality.Sharpness"),
    ]


def outline(face: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of `outline_columns`."""
    pose, quality = face.get("Pose") or EMPTY, face.get("Quality") or EMPTY
    turn = (pose.get("Roll"), pose.get("Yaw"), pose.get("Pitch"))
    seen = (quality.get("Brightness"), quality.get("Sharpness"))
    return face.get("Confidence"), *sides(face.get("BoundingBox") or EMPTY), *turn, *seen


def detail(face: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of `detail_columns`. Spelled out because it runs for every face of an archive."""
    get = face.get
    left, top, width, height = sides(get("BoundingBox") or EMPTY)
    age, gender = get("AgeRange") or EMPTY, get("Gender") or EMPTY
    emotions = {one.get("Type"): one.get("Confidence") for one in get("Emotions") or ()}
    emotion = max(emotions, key=lambda one: emotions[one] or 0) if emotions else None
    felt = emotions.get
    smile, eyeglasses, sunglasses = get("Smile") or EMPTY, get("Eyeglasses") or EMPTY, get("Sunglasses") or EMPTY
    beard, mustache, eyes_open = get("Beard") or EMPTY, get("Mustache") or EMPTY, get("EyesOpen") or EMPTY
    mouth_open, occluded = get("MouthOpen") or EMPTY, get("FaceOccluded") or EMPTY
    pose, gaze, quality = get("Pose") or EMPTY, get("EyeDirection") or EMPTY, get("Quality") or EMPTY
    return (
        left, top, width, height, get("Confidence"),
        age.get("Low"), age.get("High"),
        gender.get("Value"), gender.get("Confidence"),
        emotion, felt(emotion),
        felt("HAPPY"), felt("SAD"), felt("ANGRY"), felt("CONFUSED"), felt("DISGUSTED"), felt("SURPRISED"),
        felt("CALM"), felt("FEAR"), felt("UNKNOWN"),
        smile.get("Value"), smile.get("Confidence"),
        eyeglasses.get("Value"), eyeglasses.get("Confidence"),
        sunglasses.get("Value"), sunglasses.get("Confidence"),
        beard.get("Value"), beard.get("Confidence"),
        mustache.get("Value"), mustache.get("Confidence"),
        eyes_open.get("Value"), eyes_open.get("Confidence"),
        mouth_open.get("Value"), mouth_open.get("Confidence"),
        occluded.get("Value"), occluded.get("Confidence"),
        pose.get("Roll"), pose.get("Yaw"), pose.get("Pitch"),
        gaze.get("Yaw"), gaze.get("Pitch"), gaze.get("Confidence"),
        quality.get("Brightness"), quality.get("Sharpness"),
        as_json(get("Landmarks")),
    )  # fmt: skip
