"""Faces compared, indexed, searched and deleted, as AWS's documentation walks through it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from rekscan.testing import emulator
from tests.emulator.strict import client
from tests.emulator.types import Photo


def test_two_photos_of_one_person_match_and_two_people_do_not(aws: Any, photo: Photo) -> None:
    same = aws.compare_faces(SourceImage=photo("obama-portrait.jpg"), TargetImage=photo("obama-speech.jpg"))
    assert len(same["FaceMatches"]) == 1
    assert same["FaceMatches"][0]["Similarity"] >= 80
    other = aws.compare_faces(SourceImage=photo("obama-portrait.jpg"), TargetImage=photo("biden.jpg"))
    assert other["FaceMatches"] == []
    assert len(other["UnmatchedFaces"]) == 1


def test_one_source_is_found_among_two_people(aws: Any, photo: Photo) -> None:
    answer = aws.compare_faces(SourceImage=photo("hopper.jpg"), TargetImage=photo("two-people.jpg"))
    assert len(answer["FaceMatches"]) == 1
    assert answer["FaceMatches"][0]["Face"]["BoundingBox"]["Left"] > 0.5
    assert len(answer["UnmatchedFaces"]) == 1
    assert answer["SourceImageFace"]["Confidence"] > 75


def test_a_low_threshold_matches_everybody(aws: Any, photo: Photo) -> None:
    images = {"SourceImage": photo("hopper.jpg"), "TargetImage": photo("biden.jpg")}
    answer = aws.compare_faces(**images, SimilarityThreshold=0)
    assert len(answer["FaceMatches"]) == 1
    assert answer["FaceMatches"][0]["Similarity"] < 80


@pytest.mark.parametrize(("source", "target"), [("coffee.jpg", "hopper.jpg"), ("hopper.jpg", "coffee.jpg")])
def test_no_face_to_compare_is_an_invalid_parameter(aws: Any, photo: Photo, source: str, target: str) -> None:
    with pytest.raises(aws.exceptions.InvalidParameterException):
        aws.compare_faces(SourceImage=photo(source), TargetImage=photo(target))


def test_collections_are_created_described_listed_and_deleted(aws: Any) -> None:
    made = aws.create_collection(CollectionId="mine", Tags={"owner": "me"})
    assert made["StatusCode"] == 200
    assert made["CollectionArn"].endswith(":collection/mine")
    with pytest.raises(aws.exceptions.ResourceAlreadyExistsException):
        aws.create_collection(CollectionId="mine")
    described = aws.describe_collection(CollectionId="mine")
    assert described["FaceCount"] == 0
    assert described["CollectionARN"] == made["CollectionArn"]
    assert described["CreationTimestamp"].year >= 2026
    assert "mine" in aws.list_collections()["CollectionIds"]
    assert aws.delete_collection(CollectionId="mine")["StatusCode"] == 200
    for ask in (aws.describe_collection, aws.delete_collection, aws.list_faces):
        with pytest.raises(aws.exceptions.ResourceNotFoundException):
            ask(CollectionId="mine")


def test_collections_and_faces_come_in_pages(aws: Any, photo: Photo) -> None:
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        aws.create_collection(CollectionId=name)
    pages = aws.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2})
    listed = [name for page in pages for name in page["CollectionIds"]]
    assert [name for name in listed if name in names] == names
    for external in ("a", "b", "c"):
        aws.index_faces(CollectionId=names[0], Image=photo("hopper.jpg"), ExternalImageId=external)
    faces = aws.get_paginator("list_faces").paginate(CollectionId=names[0], PaginationConfig={"PageSize": 1})
    assert [face["ExternalImageId"] for page in faces for face in page["Faces"]] == ["a", "b", "c"]
    with pytest.raises(aws.exceptions.InvalidPaginationTokenException):
        aws.list_faces(CollectionId=names[0], NextToken="not one of mine")
    for name in names:
        aws.delete_collection(CollectionId=name)


def test_an_indexed_person_is_found_by_image_and_by_face(aws: Any, photo: Photo, collection: str) -> None:
    ids = {}
    for name in ("obama-portrait.jpg", "biden.jpg", "hopper.jpg"):
        answer = aws.index_faces(CollectionId=collection, Image=photo(name), ExternalImageId=name)
        (record,) = answer["FaceRecords"]
        assert record["Face"]["ExternalImageId"] == name
        assert record["Face"]["BoundingBox"] == record["FaceDetail"]["BoundingBox"]
        ids[name] = record["Face"]["FaceId"]
    assert aws.describe_collection(CollectionId=collection)["FaceCount"] == 3

    found = aws.search_faces_by_image(CollectionId=collection, Image=photo("obama-speech.jpg"))
    assert [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]] == ["obama-portrait.jpg"]
    assert found["SearchedFaceConfidence"] > 75
    assert aws.search_faces_by_image(CollectionId=collection, Image=photo("astronaut.jpg"))["FaceMatches"] == []

    aws.index_faces(CollectionId=collection, Image=photo("obama-speech.jpg"), ExternalImageId="speech")
    by_face = aws.search_faces(CollectionId=collection, FaceId=ids["obama-portrait.jpg"])
    assert by_face["SearchedFaceId"] == ids["obama-portrait.jpg"]
    assert [match["Face"]["ExternalImageId"] for match in by_face["FaceMatches"]] == ["speech"]
    everybody = aws.search_faces(CollectionId=collection, FaceId=ids["hopper.jpg"], FaceMatchThreshold=0, MaxFaces=2)
    assert len(everybody["FaceMatches"]) == 2
    similarities = [match["Similarity"] for match in everybody["FaceMatches"]]
    assert similarities == sorted(similarities, reverse=True)


def test_the_same_picture_under_the_same_name_is_stored_once(aws: Any, photo: Photo, collection: str) -> None:
    def index(**named: str) -> str:
        answer = aws.index_faces(CollectionId=collection, Image=photo("hopper.jpg"), **named)
        return str(answer["FaceRecords"][0]["Face"]["FaceId"])

    first = index(ExternalImageId="grace")
    assert index(ExternalImageId="grace") == first
    assert aws.describe_collection(CollectionId=collection)["FaceCount"] == 1
    assert index(ExternalImageId="another") != first
    assert index() != index()
    assert aws.describe_collection(CollectionId=collection)["FaceCount"] == 4


def test_faces_not_indexed_come_with_reasons(aws: Any, photo: Photo, collection: str) -> None:
    answer = aws.index_faces(CollectionId=collection, Image=photo("two-people.jpg"), MaxFaces=1)
    assert len(answer["FaceRecords"]) == 1
    (left_out,) = answer["UnindexedFaces"]
    assert left_out["Reasons"] == ["EXCEEDS_MAX_FACES"]
    sizes = [face["FaceDetail"]["BoundingBox"]["Height"] for face in (answer["FaceRecords"][0], left_out)]
    assert sizes[0] >= sizes[1]

    poor = aws.index_faces(CollectionId=collection, Image=photo("cameraman.png"), QualityFilter="HIGH")
    assert poor["FaceRecords"] == []
    assert "EXTREME_POSE" in poor["UnindexedFaces"][0]["Reasons"]
    kept = aws.index_faces(CollectionId=collection, Image=photo("cameraman.png"), QualityFilter="NONE")
    assert len(kept["FaceRecords"]) == 1


def test_indexing_gives_the_attributes_asked_for(aws: Any, photo: Photo, collection: str) -> None:
    asked = {"CollectionId": collection, "Image": photo("astronaut.jpg")}
    (record,) = aws.index_faces(**asked, DetectionAttributes=["ALL"])["FaceRecords"]
    assert record["FaceDetail"]["Smile"]["Value"] is True
    assert aws.index_faces(CollectionId=collection, Image=photo("coffee.jpg"))["FaceRecords"] == []


def test_deleted_faces_are_gone_and_unknown_ones_are_named(aws: Any, photo: Photo, collection: str) -> None:
    (record,) = aws.index_faces(CollectionId=collection, Image=photo("hopper.jpg"))["FaceRecords"]
    known, unknown = record["Face"]["FaceId"], str(uuid.uuid4())
    answer = aws.delete_faces(CollectionId=collection, FaceIds=[known, unknown])
    assert answer["DeletedFaces"] == [known]
    assert answer["UnsuccessfulFaceDeletions"] == [{"FaceId": unknown, "Reasons": ["FACE_NOT_FOUND"]}]
    assert aws.list_faces(CollectionId=collection)["Faces"] == []
    with pytest.raises(aws.exceptions.InvalidParameterException):
        aws.search_faces(CollectionId=collection, FaceId=known)
    assert aws.search_faces_by_image(CollectionId=collection, Image=photo("hopper.jpg"))["FaceMatches"] == []


def test_searching_by_a_picture_without_a_face_is_an_invalid_parameter(aws: Any, photo: Photo, collection: str) -> None:
    with pytest.raises(aws.exceptions.InvalidParameterException):
        aws.search_faces_by_image(CollectionId=collection, Image=photo("coffee.jpg"))


def test_collections_outlive_a_killed_server(tmp_path: Path, photo: Photo) -> None:
    options = ("--workers", "1", "--data-dir", str(tmp_path / "data"))
    with emulator(*options) as running:
        first = client(running.url)
        first.create_collection(CollectionId="kept")
        (record,) = first.index_faces(CollectionId="kept", Image=photo("hopper.jpg"))["FaceRecords"]
        running.process.kill()
        running.process.wait()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    with emulator(*options) as running:
        found = client(running.url).search_faces_by_image(CollectionId="kept", Image=photo("hopper.jpg"))
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [record["Face"]["FaceId"]]
    assert found["FaceMatches"][0]["Similarity"] > 99
