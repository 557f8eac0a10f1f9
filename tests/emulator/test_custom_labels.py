"""Custom Labels from declared to stopped: what runs answers, what does not refuses, and hours are counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.custom.declared import declared
from emulator.custom.versions import Versions
from emulator.errors import AwsError, OptionError
from emulator.photos import photo
from rekscan.testing import Emulator, emulator
from tests.emulator.strict import client
from tests.support.waiting import until

ARN = "arn:aws:rekognition:us-east-1:000000000000:project/{}/version/{}/1767225600000"
LOGOS, OLD = ARN.format("logos", "v1"), ARN.format("logos", "old")
DECLARED = ("--custom-model", "logos/v1=cat,dog", "--custom-model", "logos/old:EXPIRED=cat")
IMAGE = {"Bytes": photo("coffee.jpg")}


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with emulator("--engine", "fixed", "--model-seconds", "0.3", *DECLARED) as found:
        yield found


@pytest.fixture
def logos(running: Emulator) -> Any:
    return client(running.url)


def status(aws: Any, version: str) -> str:
    (project,) = aws.describe_projects(ProjectNames=["logos"])["ProjectDescriptions"]
    found = aws.describe_project_versions(ProjectArn=project["ProjectArn"], VersionNames=[version])
    return str(found["ProjectVersionDescriptions"][0]["Status"])


def test_a_version_answers_from_its_start_to_its_stop_and_costs_as_long(running: Emulator, logos: Any) -> None:
    running.reset()
    with pytest.raises(logos.exceptions.ResourceNotReadyException):
        logos.detect_custom_labels(ProjectVersionArn=LOGOS, Image=IMAGE)
    assert logos.start_project_version(ProjectVersionArn=LOGOS, MinInferenceUnits=2)["Status"] == "STARTING"
    with pytest.raises(logos.exceptions.ResourceInUseException):
        logos.stop_project_version(ProjectVersionArn=LOGOS)  # while it starts
    project = "arn:aws:rekognition:us-east-1:000000000000:project/logos/1767225600000"
    logos.get_waiter("project_version_running").wait(
        ProjectArn=project, VersionNames=["v1"], WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    with pytest.raises(logos.exceptions.ResourceInUseException):
        logos.start_project_version(ProjectVersionArn=LOGOS, MinInferenceUnits=1)
    assert logos.detect_custom_labels(ProjectVersionArn=LOGOS, Image=IMAGE)["CustomLabels"][0]["Name"] == "person"
    assert logos.stop_project_version(ProjectVersionArn=LOGOS)["Status"] == "STOPPING"
    until(lambda: status(logos, "v1") == "STOPPED", "the version has stopped")
    with pytest.raises(logos.exceptions.InvalidParameterException):
        logos.stop_project_version(ProjectVersionArn=LOGOS)
    counts = running.counts()
    assert 0 < counts["inference_hours"][LOGOS] < 0.1
    assert counts["meters"] == {}
    assert counts["errors"]["DetectCustomLabels"] == {"ResourceNotReadyException": 1}
    assert counts["calls"]["StopProjectVersion"] == {LOGOS: 3}


def test_what_cannot_be_started_is_told_apart(logos: Any) -> None:
    assert status(logos, "old") == "EXPIRED"
    with pytest.raises(logos.exceptions.InvalidParameterException, match="EXPIRED"):
        logos.start_project_version(ProjectVersionArn=OLD, MinInferenceUnits=1)
    with pytest.raises(logos.exceptions.ResourceNotFoundException):
        logos.start_project_version(ProjectVersionArn=ARN.format("logos", "v9"), MinInferenceUnits=1)
    with pytest.raises(logos.exceptions.LimitExceededException):
        logos.start_project_version(ProjectVersionArn=LOGOS, MinInferenceUnits=6)


def test_versions_are_described_in_pages(logos: Any) -> None:
    pages = logos.get_paginator("describe_project_versions").paginate(
        ProjectArn=LOGOS.replace("version/v1/", ""), PaginationConfig={"PageSize": 1}
    )
    found = [one["ProjectVersionArn"] for page in pages for one in page["ProjectVersionDescriptions"]]
    assert found == [LOGOS, OLD]


def test_labels_are_found_by_key_and_by_what_the_models_see(aws: Any, store: Path) -> None:
    version = ARN.format("toy", "v1")
    aws.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    (store / "invoice-7.jpg").write_bytes(photo("cat.jpg"))
    place = {"S3Object": {"Bucket": "file-store", "Name": "invoice-7.jpg"}}
    found = aws.detect_custom_labels(ProjectVersionArn=version, Image=place)["CustomLabels"]
    assert [label["Name"] for label in found] == ["invoice", "cat"]
    assert 0 < found[1]["Geometry"]["BoundingBox"]["Width"] <= 1
    bytes_alone = aws.detect_custom_labels(ProjectVersionArn=version, Image={"Bytes": photo("cat.jpg")}, MaxResults=1)
    assert [label["Name"] for label in bytes_alone["CustomLabels"]] == ["cat"]
    aws.stop_project_version(ProjectVersionArn=version)


def test_a_run_is_counted_by_units_and_survives_a_restart(tmp_path: Path) -> None:
    clock, known = [1000.0], declared(["logos/v1=cat", "logos/bad:FAILED=cat"])
    versions = Versions(tmp_path / "versions.sqlite", known, 60.0, lambda: clock[0])
    versions.start(LOGOS, 2, None)
    versions.start(ARN.format("logos", "bad"), 1, None)
    clock[0] += 60 + 1800
    assert versions.hours() == {LOGOS: 1.0}
    with pytest.raises(AwsError, match="FAILED"):
        versions.running(ARN.format("logos", "bad"))
    versions.close()
    clock[0] += 1800
    again = Versions(tmp_path / "versions.sqlite", known, 60.0, lambda: clock[0])
    assert again.running(LOGOS).labels == ("cat",)
    again.stop(LOGOS)
    clock[0] += 3600
    assert again.hours() == {LOGOS: 0.0}  # counted since it began to count
    again.close()


@pytest.mark.parametrize("text", ["logos=cat", "logos/v1", "logos/v1:BORED=cat", "logos/v1=cat,,dog"])
def test_a_declaration_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="custom-model"):
        declared([text])
