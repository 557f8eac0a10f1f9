"""Where each setting comes from, AWS's and those that are in the environment alone too."""

import os
from pathlib import Path

import pytest

from rekscan.origins import Setting, origins
from rekscan.settings import resolve


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith(("REKSCAN_", "AWS_")) or name.endswith("_PROXY")]:
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return config


def found(**given: object) -> dict[str, tuple[str | None, str]]:
    rows: list[Setting] = origins(resolve(None, **given), frozenset(given))
    return {row.name: (row.value, row.origin) for row in rows}


def test_a_flag_beats_the_environment_and_that_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKSCAN_WORKERS", "3")
    told = found(home="h")
    assert (told["home"], told["workers"], told["shards"]) == (
        ("h", "flag"), ("3", "REKSCAN_WORKERS"), ("5", "default"),
    )  # fmt: skip


def test_what_is_in_the_environment_alone_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert found()["REKSCAN_LOG"] == ("WARNING", "default")
    assert found()["REKSCAN_WIRE"] == ("lean", "default")
    values = {"REKSCAN_LOG": "DEBUG", "REKSCAN_WIRE": "boto3", "REKSCAN_DATA": str(tmp_path)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", "http://u:secret@127.0.0.1:9")
    told = found()
    assert {name: told[name] for name in values} == {name: (value, name) for name, value in values.items()}
    assert told["AWS_ENDPOINT_URL_PRICING"] == ("http://***@127.0.0.1:9", "environment")


def test_a_variable_that_nothing_reads_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKSCAN_WORKRES", "4")
    assert found()["REKSCAN_WORKRES"] == ("4", "environment: nothing reads it")
    monkeypatch.setenv("REKSCAN_WORKERS", "4")
    assert "REKSCAN_WORKERS" not in found()  # it is there as `workers`


def test_region_and_endpoints_are_told_with_the_place_of_aws_that_says_them(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found()["region"] == (None, "default")
    clean.write_text("[default]\nregion = eu-west-3\nendpoint_url = http://127.0.0.1:7\n")
    assert found()["region"] == ("eu-west-3", str(clean))
    assert found()["s3_endpoint_url"] == ("http://127.0.0.1:7", str(clean))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:8")
    monkeypatch.setenv("AWS_PROFILE", "default")
    told = found()
    assert told["region"] == ("eu-west-1", "AWS_REGION")
    assert told["profile"] == ("default", "AWS_PROFILE")
    assert told["s3_endpoint_url"] == ("http://127.0.0.1:8", "AWS_ENDPOINT_URL_S3")
    assert told["rekognition_endpoint_url"] == ("http://127.0.0.1:7", str(clean))
    assert found(endpoint_url="http://127.0.0.1:6")["s3_endpoint_url"] == ("http://127.0.0.1:6", "endpoint_url")


def test_a_profile_that_is_not_there_is_no_reason_to_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKSCAN_PROFILE", "nobody")
    assert found()["profile"] == ("nobody", "REKSCAN_PROFILE")
    assert found()["region"] == (None, "default")
