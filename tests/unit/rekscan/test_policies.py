"""The least policy for a scan: as narrow as its APIs, sources and home are."""

import json
from pathlib import Path

import pytest

from jobs.apis import ask
from rekscan import cli
from rekscan.policies import policy

ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/logos/version/v1/1767571200000"


def allowed(
    *apis: str,
    sources: tuple[str, ...] = (),
    home: str = "jobs",
    region: str = "eu-west-1",
    stage: str | None = None,
) -> dict[str, list]:
    """Resource -> actions."""
    document = policy(ask(apis), sources, home, region, stage)
    assert document["Version"] == "2012-10-17"
    return {resource: statement["Action"] for statement in document["Statement"] for resource in statement["Resource"]}


def test_a_scan_of_this_machine_needs_rekognition_alone() -> None:
    assert allowed("labels,text", sources=("/photos",)) == {"*": ["rekognition:DetectLabels", "rekognition:DetectText"]}


def test_a_collection_and_a_model_are_named() -> None:
    found = allowed(f"search-faces:collection=people,custom-labels:project_version_arn={ARN}")
    assert found["arn:aws:rekognition:eu-west-1:*:collection/people"] == [
        "rekognition:DescribeCollection", "rekognition:SearchFacesByImage",
    ]  # fmt: skip
    assert found[ARN] == [
        "rekognition:DetectCustomLabels", "rekognition:StartProjectVersion", "rekognition:StopProjectVersion",
    ]  # fmt: skip
    assert found["*"] == ["rekognition:DescribeProjectVersions", "rekognition:DescribeProjects"]


def test_a_source_is_read_and_a_home_is_written() -> None:
    found = allowed("labels", sources=("s3://archive/2019/",), home="s3://jobs/rekscan")
    assert found["arn:aws:s3:::archive"] == found["arn:aws:s3:::jobs"] == ["s3:ListBucket"]
    assert found["arn:aws:s3:::archive/2019/*"] == ["s3:GetObject"]
    assert found["arn:aws:s3:::jobs/rekscan/*"] == ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]


def test_a_stage_is_written_where_films_are_asked_about() -> None:
    found = allowed("video-labels", sources=("/films",), stage="s3://films/to/")
    assert found["arn:aws:s3:::films"] == ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    assert found["arn:aws:s3:::films/to/*"] == [
        "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
    ]  # fmt: skip
    assert not any("s3" in resource for resource in allowed("labels", sources=("/photos",), stage="s3://films/to/"))


def test_objects_that_only_a_list_names_are_left_to_be_filled_in(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("s3://archive/a.jpg\n")
    assert allowed("labels", sources=(str(tmp_path / "list.txt"),))["arn:aws:s3:::OBJECTS-OF-THE-LIST"] == [
        "s3:GetObject"
    ]
    found = allowed("labels", sources=("s3://lists/2019.csv", "s3://inventory/2019/manifest.json"))
    assert found["arn:aws:s3:::lists/2019.csv"] == found["arn:aws:s3:::inventory/*"] == ["s3:GetObject"]
    assert not any(actions == ["s3:ListBucket"] for actions in found.values())


def test_access_points_and_other_partitions_have_their_own_names() -> None:
    point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos"
    found = allowed("labels", sources=(f"s3://{point}/2019/",))
    assert (found[point], found[f"{point}/object/2019/*"]) == (["s3:ListBucket"], ["s3:GetObject"])
    assert "arn:aws-us-gov:s3:::b" in allowed("labels", sources=("s3://b",), region="us-gov-west-1")


def test_what_is_under_a_key_is_decrypted_and_a_home_encrypted_too() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
    document = policy(
        ask(["labels"]), ["s3://archive/2019/", "s3://plain/"], "s3://jobs/r", "eu-west-1",
        keys={"archive": key, "jobs": "alias/jobs", "unasked": "other"},
    )  # fmt: skip
    read, own = document["Statement"][-2:]
    assert (read["Action"], read["Resource"]) == (["kms:Decrypt"], [key])
    assert (own["Action"], own["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:*:*:key/*"])
    assert own["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/jobs"}}
    told = policy(ask(["labels"]), ["s3://archive"], "jobs", "eu-west-1", keys={"archive": "1234abcd"})["Statement"][-1]
    assert told["Resource"] == ["arn:aws:kms:*:*:key/1234abcd"]


def test_the_command_prints_it_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert cli.run(["doctor", "--policy", "--api", "labels", "s3://archive/2019/", "--home", "s3://jobs/r"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["Statement"][0]["Action"] == ["rekognition:DetectLabels"]
    assert "bucket archive is under a key of KMS is not known (cannot reach the endpoint" in " ".join(said.err.split())
    assert cli.run(["doctor", "--policy", "s3://archive/"]) == 2
    assert "no API asked for" in capsys.readouterr().err
