"""What the models answer through boto3, on photos whose content anybody can see."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.photos import SIGN
from rekscan.testing import Emulator
from tests.emulator.strict import client
from tests.emulator.types import Photo


def names(answer: dict[str, Any]) -> list[str]:
    return [label["Name"] for label in answer["Labels"]]


def test_labels_name_what_is_in_the_picture_with_boxes_and_parents(aws: Any, photo: Photo) -> None:
    answer = aws.detect_labels(Image=photo("cat.jpg"))
    cat = next(label for label in answer["Labels"] if label["Name"] == "Cat")
    assert [parent["Name"] for parent in cat["Parents"]] == ["Pet", "Mammal", "Animal"]
    assert cat["Categories"] == [{"Name": "Animals and Pets"}]
    assert cat["Instances"][0]["BoundingBox"]["Width"] > 0.5
    assert {"Cat", "Pet", "Mammal", "Animal"} <= set(names(answer))
    assert answer["LabelModelVersion"] == "0.1"


def test_labels_are_sorted_and_none_is_under_the_confidence_asked_for(aws: Any, photo: Photo) -> None:
    every = aws.detect_labels(Image=photo("hopper.jpg"), MinConfidence=0)["Labels"]
    confidences = [label["Confidence"] for label in every]
    assert confidences == sorted(confidences, reverse=True)
    some = aws.detect_labels(Image=photo("hopper.jpg"), MinConfidence=80)["Labels"]
    assert some == [label for label in every if label["Confidence"] >= 80]
    default = aws.detect_labels(Image=photo("hopper.jpg"))["Labels"]
    assert min(label["Confidence"] for label in default) >= 55
    assert aws.detect_labels(Image=photo("hopper.jpg"), MinConfidence=0, MaxLabels=2)["Labels"] == every[:2]


def test_labels_are_filtered_by_name_and_category(aws: Any, photo: Photo) -> None:
    def ask(**filters: list[str]) -> list[str]:
        return names(aws.detect_labels(Image=photo("cat.jpg"), Settings={"GeneralLabels": filters}))

    assert ask(LabelInclusionFilters=["Cat"]) == ["Cat"]
    assert "Cat" not in ask(LabelExclusionFilters=["Cat"])
    assert ask(LabelCategoryExclusionFilters=["Animals and Pets"]) == []
    assert "Cat" in ask(LabelCategoryInclusionFilters=["Animals and Pets"])
    assert ask(LabelInclusionFilters=["Cat"], LabelExclusionFilters=["Cat"]) == []


def test_properties_give_colours_and_quality(aws: Any, photo: Photo) -> None:
    asked = {"ImageProperties": {"MaxDominantColors": 3}}
    answer = aws.detect_labels(Image=photo("sign.png"), Features=["IMAGE_PROPERTIES"], Settings=asked)
    assert answer["Labels"] == []
    colors = answer["ImageProperties"]["DominantColors"]
    assert len(colors) == 3
    assert colors[0]["SimplifiedColor"] in ("blue", "black")
    assert (colors[0]["Red"], colors[0]["Green"], colors[0]["Blue"]) == (24, 60, 110)
    assert colors[0]["HexCode"] == "#183c6e"
    assert {"Brightness", "Sharpness", "Contrast"} == set(answer["ImageProperties"]["Quality"])


def test_settings_of_a_feature_not_asked_for_are_refused(aws: Any, photo: Photo) -> None:
    with pytest.raises(aws.exceptions.InvalidParameterException):
        aws.detect_labels(Image=photo("cat.jpg"), Settings={"ImageProperties": {"MaxDominantColors": 3}})


def test_faces_by_default_have_five_landmarks_and_no_attributes(aws: Any, photo: Photo) -> None:
    (face,) = aws.detect_faces(Image=photo("astronaut.jpg"))["FaceDetails"]
    assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    kinds = {landmark["Type"] for landmark in face["Landmarks"]}
    assert kinds == {"eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight"}
    places = {landmark["Type"]: landmark for landmark in face["Landmarks"]}
    assert places["eyeLeft"]["X"] < places["nose"]["X"] < places["eyeRight"]["X"]
    assert places["eyeLeft"]["Y"] < places["nose"]["Y"] < places["mouthLeft"]["Y"]


def test_all_attributes_are_those_the_models_know(aws: Any, photo: Photo) -> None:
    (face,) = aws.detect_faces(Image=photo("astronaut.jpg"), Attributes=["ALL"])["FaceDetails"]
    assert face["Gender"]["Value"] == "Female"
    assert face["Smile"]["Value"] is True
    assert face["EyesOpen"]["Value"] is True
    assert face["Emotions"][0]["Type"] == "HAPPY"
    assert face["AgeRange"]["Low"] < face["AgeRange"]["High"]
    assert len(face["Landmarks"]) == 30
    assert not {"Beard", "Mustache", "Eyeglasses", "Sunglasses", "FaceOccluded", "EyeDirection"} & set(face)


def test_a_single_attribute_comes_with_the_default_ones(aws: Any, photo: Photo) -> None:
    (face,) = aws.detect_faces(Image=photo("astronaut.jpg"), Attributes=["DEFAULT", "AGE_RANGE"])["FaceDetails"]
    assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality", "AgeRange"}
    assert len(face["Landmarks"]) == 5


def test_a_picture_without_faces_has_none(aws: Any, photo: Photo) -> None:
    assert aws.detect_faces(Image=photo("coffee.jpg"), Attributes=["ALL"])["FaceDetails"] == []


def test_harmless_photos_have_no_moderation_labels(aws: Any, photo: Photo) -> None:
    answer = aws.detect_moderation_labels(Image=photo("hopper.jpg"))
    assert answer["ModerationLabels"] == []
    assert answer["ModerationModelVersion"] == "0.1"


def test_moderation_labels_follow_the_taxonomy_down(aws: Any, photo: Photo) -> None:
    labels = aws.detect_moderation_labels(Image=photo("hopper.jpg"), MinConfidence=0)["ModerationLabels"]
    levels = [(label["TaxonomyLevel"], label["ParentName"], label["Name"]) for label in labels]
    assert levels == [(1, "", "Explicit"), (2, "Explicit", "Explicit Nudity")]


def test_a_moderation_adapter_does_not_exist(aws: Any, photo: Photo) -> None:
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/mine/version/one/1234567890123"
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.detect_moderation_labels(Image=photo("hopper.jpg"), ProjectVersion=arn)


def test_text_has_lines_then_words_that_name_their_line(aws: Any, photo: Photo) -> None:
    found = aws.detect_text(Image=photo("sign.png"))["TextDetections"]
    lines = [item for item in found if item["Type"] == "LINE"]
    words = [item for item in found if item["Type"] == "WORD"]
    assert tuple(line["DetectedText"] for line in lines) == SIGN
    assert [item["Id"] for item in found] == list(range(len(found)))
    assert all("ParentId" not in line for line in lines)
    for line in lines:
        spelled = [word["DetectedText"] for word in words if word["ParentId"] == line["Id"]]
        assert " ".join(spelled) == line["DetectedText"]


def test_text_outside_the_region_or_under_the_bar_is_left_out(aws: Any, photo: Photo) -> None:
    def ask(**filters: Any) -> list[str]:
        found = aws.detect_text(Image=photo("sign.png"), Filters=filters)["TextDetections"]
        return [item["DetectedText"] for item in found if item["Type"] == "LINE"]

    upper = {"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 1.0, "Height": 0.33}}
    lower = {"Polygon": [{"X": 0, "Y": 0.6}, {"X": 1, "Y": 0.6}, {"X": 1, "Y": 1}, {"X": 0, "Y": 1}]}
    assert ask(RegionsOfInterest=[upper]) == [SIGN[0]]
    assert ask(RegionsOfInterest=[upper, lower]) == [SIGN[0], SIGN[2]]
    assert ask(WordFilter={"MinBoundingBoxHeight": 0.9}) == []
    assert ask(WordFilter={"MinConfidence": 10}) == list(SIGN)


def test_celebrities_are_the_people_of_the_gallery_and_nobody_else(aws: Any, photo: Photo) -> None:
    answer = aws.recognize_celebrities(Image=photo("obama-portrait.jpg"))
    assert [face["Name"] for face in answer["CelebrityFaces"]] == ["Barack Obama"]
    assert answer["UnrecognizedFaces"] == []
    assert answer["CelebrityFaces"][0]["MatchConfidence"] > 80
    strangers = aws.recognize_celebrities(Image=photo("astronaut.jpg"))
    assert strangers["CelebrityFaces"] == []
    assert len(strangers["UnrecognizedFaces"]) == 1


def test_protective_equipment_finds_persons_and_claims_nothing_of_them(aws: Any, photo: Photo) -> None:
    wanted = {"MinConfidence": 60, "RequiredEquipmentTypes": ["HEAD_COVER"]}
    answer = aws.detect_protective_equipment(Image=photo("hopper.jpg"), SummarizationAttributes=wanted)
    assert [person["BodyParts"] for person in answer["Persons"]] == [[]]
    assert answer["Summary"] == {
        "PersonsWithRequiredEquipment": [],
        "PersonsWithoutRequiredEquipment": [],
        "PersonsIndeterminate": [0],
    }


def test_the_same_picture_has_the_same_answer_in_every_process(aws: Any, alone: Emulator, photo: Photo) -> None:
    def ask(made: Any) -> list[Any]:
        image = photo("biden.jpg")
        both = ["GENERAL_LABELS", "IMAGE_PROPERTIES"]
        answers = [
            made.detect_labels(Image=image, Features=both),
            made.detect_faces(Image=image, Attributes=["ALL"]),
            made.detect_text(Image=image),
            made.detect_moderation_labels(Image=image, MinConfidence=0),
        ]
        return [{key: value for key, value in answer.items() if key != "ResponseMetadata"} for answer in answers]

    assert ask(client(alone.url)) == ask(aws)
