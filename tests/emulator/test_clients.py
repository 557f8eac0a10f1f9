"""Clients nobody here wrote: the AWS CLI, the AWS SDK for JavaScript, and the programs of AWS's documentation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from rekscan.testing import Emulator
from tests.emulator.clients import aws_cli, javascript_sdk
from tests.emulator.conftest import S3Server
from tests.emulator.films import film, shown
from tests.emulator.strict import check_answer
from tests.emulator.types import Photo
from tests.support.waiting import until


@pytest.fixture(scope="module")
def cli() -> Path:
    return aws_cli()


@pytest.fixture
def run(models: Emulator, tmp_path: Path) -> Any:
    """Runs a command in a folder of its own, pointed at the emulator, and reads what it prints as JSON."""
    models.set_faults()

    def go(*command: str | Path, fails: bool = False) -> Any:
        environment = os.environ | models.environment() | {"AWS_CONFIG_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1"}
        ended = subprocess.run(
            [str(part) for part in command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert (ended.returncode != 0) is fails, ended.stderr
        return ended.stderr if fails else json.loads(ended.stdout or "{}")

    return go


def test_the_aws_cli_detects_compares_and_searches(cli: Path, run: Any, archive: Path) -> None:
    def aws(command: str, *options: str | Path, fails: bool = False) -> Any:
        return run(cli, "rekognition", command, *options, "--output", "json", fails=fails)

    def image(name: str) -> str:
        return f"fileb://{archive / 'people' / name}"

    labels = aws("detect-labels", "--image-bytes", image("hopper.jpg"), "--features", "GENERAL_LABELS")
    assert "Person" in [label["Name"] for label in labels["Labels"]]
    check_answer("DetectLabels", labels)
    faces = aws("detect-faces", "--image-bytes", image("hopper.jpg"), "--attributes", "ALL")
    check_answer("DetectFaces", faces)
    pair = ("--source-image-bytes", image("obama-portrait.jpg"), "--target-image-bytes", image("obama-speech.jpg"))
    assert aws("compare-faces", *pair)["FaceMatches"][0]["Similarity"] >= 80

    aws("create-collection", "--collection-id", "from-the-cli")
    indexed = aws("index-faces", "--collection-id", "from-the-cli", "--image-bytes", image("obama-portrait.jpg"))
    assert len(indexed["FaceRecords"]) == 1
    found = aws("search-faces-by-image", "--collection-id", "from-the-cli", "--image-bytes", image("obama-speech.jpg"))
    assert len(found["FaceMatches"]) == 1
    described = aws("describe-collection", "--collection-id", "from-the-cli")
    assert described["FaceCount"] == 1
    aws("delete-collection", "--collection-id", "from-the-cli")

    said = aws("describe-collection", "--collection-id", "from-the-cli", fails=True)
    assert "(ResourceNotFoundException)" in said
    assert "(AccessDeniedException)" in aws("list-stream-processors", fails=True)


def test_the_aws_cli_starts_a_video_job_and_reads_it(cli: Path, run: Any, s3: S3Server) -> None:
    video = json.dumps({"S3Object": {"Bucket": s3.bucket, "Name": "cli.mp4"}})
    s3.client().put_object(Bucket=s3.bucket, Key="cli.mp4", Body=film(shown("cat.jpg", 10), 10))
    start = ("start-label-detection", "--video", video, "--client-request-token", "from-the-cli")
    job = run(cli, "rekognition", *start)["JobId"]
    assert run(cli, "rekognition", *start)["JobId"] == job

    def over() -> Any:
        read = run(cli, "rekognition", "get-label-detection", "--job-id", job, "--max-results", "3")
        return None if read["JobStatus"] == "IN_PROGRESS" else read

    answer = until(over, "the job is over")
    check_answer("GetLabelDetection", answer)
    assert len(answer["Labels"]) == 3
    assert answer["NextToken"]


PROGRAM = """
import { readFileSync } from "node:fs";
import {
  CompareFacesCommand, CreateCollectionCommand, DeleteCollectionCommand, DescribeCollectionCommand,
  DetectFacesCommand, DetectLabelsCommand, DetectTextCommand, IndexFacesCommand, ListFacesCommand,
  GetSegmentDetectionCommand, RekognitionClient, SearchFacesByImageCommand, StartSegmentDetectionCommand,
} from "@aws-sdk/client-rekognition";

const [folder, bucket] = process.argv.slice(2);
const Bytes = (name) => ({ Bytes: readFileSync(`${folder}/${name}`) });
const client = new RekognitionClient({ endpoint: process.env.AWS_ENDPOINT_URL_REKOGNITION, maxAttempts: 1 });
const said = {};
const S3Object = { Bucket: bucket, Name: "js.jpg" };
said.labels = (await client.send(new DetectLabelsCommand({ Image: { S3Object } }))).Labels;
said.faces = (await client.send(new DetectFacesCommand({ Image: Bytes("people/hopper.jpg"), Attributes: ["ALL"] })))
  .FaceDetails;
said.text = (await client.send(new DetectTextCommand({ Image: Bytes("trouble/sign.png") }))).TextDetections;
said.matches = (await client.send(new CompareFacesCommand({
  SourceImage: Bytes("people/obama-portrait.jpg"), TargetImage: Bytes("people/obama-speech.jpg"),
}))).FaceMatches;
const CollectionId = "from-javascript";
await client.send(new CreateCollectionCommand({ CollectionId }));
await client.send(new IndexFacesCommand({ CollectionId, Image: Bytes("people/biden.jpg"), ExternalImageId: "joe" }));
said.created = (await client.send(new DescribeCollectionCommand({ CollectionId }))).CreationTimestamp instanceof Date;
said.listed = (await client.send(new ListFacesCommand({ CollectionId }))).Faces;
said.found = (await client.send(new SearchFacesByImageCommand({ CollectionId, Image: Bytes("people/biden.jpg") })))
  .FaceMatches;
await client.send(new DeleteCollectionCommand({ CollectionId }));
try {
  await client.send(new SearchFacesByImageCommand({ CollectionId, Image: Bytes("people/biden.jpg") }));
} catch (error) {
  said.error = { name: error.name, status: error.$metadata.httpStatusCode, id: error.$metadata.requestId };
}
try {
  await client.send(new DetectFacesCommand({ Image: Bytes("trouble/notes.txt") }));
} catch (error) {
  said.refused = error.name;
}
const Video = { S3Object: { Bucket: bucket, Name: "js.mp4" } };
const { JobId } = await client.send(new StartSegmentDetectionCommand({ Video, SegmentTypes: ["SHOT"] }));
do {
  said.segments = await client.send(new GetSegmentDetectionCommand({ JobId }));
  await new Promise((done) => setTimeout(done, 100));
} while (said.segments.JobStatus === "IN_PROGRESS");
console.log(JSON.stringify(said));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node on this machine; CI has it")
def test_the_aws_sdk_for_javascript_finds_the_same(run: Any, archive: Path, s3: S3Server, photo: Photo) -> None:
    node, folder = javascript_sdk()
    program = folder / "program.mjs"
    program.write_text(PROGRAM)
    s3.client().put_object(Bucket=s3.bucket, Key="js.jpg", Body=photo("cat.jpg")["Bytes"])
    s3.client().put_object(
        Bucket=s3.bucket, Key="js.mp4", Body=film(chain(shown("cat.jpg", 10), shown("hopper.jpg", 10)))
    )
    said = run(node, program, archive, s3.bucket)
    assert "Cat" in [label["Name"] for label in said["labels"]]
    assert len(said["faces"]) == 1
    assert said["text"][0]["DetectedText"] == "CITY LIBRARY"
    assert said["matches"][0]["Similarity"] >= 80
    assert said["created"] is True
    assert [face["ExternalImageId"] for face in said["listed"]] == ["joe"]
    assert said["found"][0]["Similarity"] > 99
    assert (said["error"]["name"], said["error"]["status"]) == ("ResourceNotFoundException", 400)
    assert said["error"]["id"]
    assert said["refused"] == "InvalidImageFormatException"
    assert [item["ShotSegment"]["Index"] for item in said["segments"]["Segments"]] == [0, 1]
    assert said["segments"]["VideoMetadata"][0]["DurationMillis"] == 800


def test_the_pattern_of_awss_examples_local_file_s3_object_compare_and_collection(
    models: Emulator, s3: S3Server, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shaped as the Python examples of AWS's developer guide are, with their prints."""
    import boto3

    session = boto3.Session(aws_access_key_id="emulator", aws_secret_access_key="emulator", region_name="us-east-1")
    client = session.client("rekognition", endpoint_url=models.url)

    # A local file.
    with (archive / "animals" / "cat.jpg").open("rb") as file:
        response = client.detect_labels(Image={"Bytes": file.read()}, MaxLabels=10)
    for label in response["Labels"]:
        print(label["Name"] + " : " + str(label["Confidence"]))
        for parent in label["Parents"]:
            print("   " + parent["Name"])

    # An S3 object.
    s3.client().upload_file(str(archive / "people" / "astronaut.jpg"), s3.bucket, "guide/astronaut.jpg")
    where = {"S3Object": {"Bucket": s3.bucket, "Name": "guide/astronaut.jpg"}}
    response = client.detect_faces(Image=where, Attributes=["ALL"])
    for face in response["FaceDetails"]:
        print(f"The detected face is between {face['AgeRange']['Low']} and {face['AgeRange']['High']} years old")
        print("Gender: " + str(face["Gender"]["Value"]) + ", smile: " + str(face["Smile"]["Value"]))
        print("Emotions: " + str(face["Emotions"][0]))

    # Two faces.
    with (
        (archive / "people/hopper.jpg").open("rb") as source,
        (archive / "trouble/two-people.jpg").open("rb") as target,
    ):
        response = client.compare_faces(
            SimilarityThreshold=80, SourceImage={"Bytes": source.read()}, TargetImage={"Bytes": target.read()}
        )
    for match in response["FaceMatches"]:
        place = match["Face"]["BoundingBox"]
        print(f"The face at {place['Left']} {place['Top']} matches with {match['Similarity']}% confidence")

    # A collection, from its making to its end.
    print("Collection ARN: " + client.create_collection(CollectionId="guide")["CollectionArn"])
    response = client.index_faces(
        CollectionId="guide",
        Image=where,
        ExternalImageId="astronaut.jpg",
        MaxFaces=1,
        QualityFilter="AUTO",
        DetectionAttributes=["ALL"],
    )
    for record in response["FaceRecords"]:
        print("  Face ID: " + record["Face"]["FaceId"])
    for unindexed in response["UnindexedFaces"]:
        print(unindexed["Reasons"])
    tokens, more = "", True
    while more:
        response = client.list_faces(CollectionId="guide", MaxResults=2, **({"NextToken": tokens} if tokens else {}))
        for face in response["Faces"]:
            print(face)
        tokens, more = response.get("NextToken", ""), "NextToken" in response
    response = client.search_faces_by_image(CollectionId="guide", Image=where, FaceMatchThreshold=70, MaxFaces=2)
    for match in response["FaceMatches"]:
        print("Similarity: " + f"{match['Similarity']:.2f}" + "%")
    print("Status: " + str(client.delete_collection(CollectionId="guide")["StatusCode"]))

    said = capsys.readouterr().out
    for expected in (
        "Cat : ",
        "   Mammal",
        "Gender: Female",
        "matches with",
        "Face ID: ",
        "Similarity: 99.9",
        "Status: 200",
    ):
        assert expected in said
