"""What `doctor` tries of S3 and Rekognition, and how it tells one trouble from another."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.aws.access import Aws
from jobs.aws.bucket_keys import bucket_keys
from jobs.aws.checkup import s3_place
from rekscan.cli import run
from tests.support.s3_gateway import Asked, Refusal, s3_gateway
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, emulator
from tests.support.terminal import on_terminal

NOWHERE = "http://127.0.0.1:9"
REAL = ("--engine", "models", "--workers", "1")  # which looks at what it is sent
APIS = "labels,compare-faces:source=a.jpg,index-faces:collection=new,create=true,video-labels"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "REKSCAN_HOME": str(tmp_path / "home"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REKSCAN_REDIS_URL", raising=False)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("archive", {"2019/a.jpg": b"picture", "2019/list.txt": b"s3://archive/2019/a.jpg"})
        server.bucket("far", {"film.mp4": b"film"}, region="eu-west-1")
        yield server


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory, s3: S3Server) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator"), *REAL, "--s3-endpoint-url", s3.url) as running:
        yield running


def doctor(capsys: pytest.CaptureFixture[str], s3_url: str, rekognition_url: str, *words: str) -> dict[str, Any]:
    """Checks by name: (found, says)."""
    code = run(["doctor", "--json", "--s3-endpoint-url", s3_url, "--rekognition-endpoint-url", rekognition_url, *words])
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert code == (0 if all(one["ok"] for one in checks.values()) else 1)
    return {name: (one["found"], one["says"]) for name, one in checks.items()}


def test_what_a_scan_needs_is_tried_and_nothing_is_billed(
    s3: S3Server, rekognition: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rekognition.billed()
    words = ["--api", APIS, "s3://archive/2019/", "s3://archive/2019/list.txt"]
    found = doctor(capsys, s3.url, rekognition.url, *words)
    assert found["s3"] == ("ok", "s3://archive/2019/: listed and read")
    assert found["s3 2"] == ("ok", "s3://archive/2019/list.txt: read")
    assert found["rekognition"] == ("ok", "answers in us-east-1")
    assert found["labels"] == ("ok", "may rekognition:DetectLabels")
    assert found["compare-faces"] == ("ok", "may rekognition:CompareFaces")
    assert found["index-faces"] == ("ok", "may rekognition:IndexFaces")
    assert found["video-labels"] == ("ok", "may rekognition:StartLabelDetection, rekognition:GetLabelDetection")
    assert set(rekognition.billed()) - set(before) == {"ListCollections"}  # which costs nothing


def test_on_a_terminal_the_checks_are_on_the_last_screen_with_where_credentials_come_from(
    s3: S3Server, rekognition: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", rekognition.url)
    shown = on_terminal("doctor", "--api", "labels", "s3://archive/2019/")
    checks = [line.split()[1] for line in shown[-23:] if line.startswith(("ok  ", "FAIL"))]
    assert checks[-3:] == ["s3", "rekognition", "labels"] and checks[0] == "python"
    assert any("credentials from env" in line for line in shown)
    told = {line.split()[0]: line.split()[-1] for line in shown if line}
    assert told["s3_endpoint_url"] == "AWS_ENDPOINT_URL_S3" and told["region"] == "AWS_REGION"


def test_each_of_several_regions_is_tried_for_what_it_has_and_no_s3_for_files_of_this_machine(
    s3: S3Server, rekognition: Emulator, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rekognition.set_faults("DetectFaces@us-west-2:AccessDeniedException:100%")
    words = [
        "--api",
        "labels,faces,index-faces:collection=new,create=true",
        "--regions",
        "us-west-1,us-west-2,ca-central-1,eu-north-1",
        str(tmp_path),
    ]
    found = doctor(capsys, s3.url, rekognition.url, *words)
    rekognition.set_faults()
    assert {name: found[name][0] for name in found if name.startswith(("labels", "faces", "index-faces"))} == {
        "labels": "ok", "faces": "ok", "index-faces": "ok", "labels us-west-2": "ok", "faces us-west-2": "denied",
        "faces ca-central-1": "ok", "labels ca-central-1": "left out",
    }  # fmt: skip
    assert found["rekognition"][1] == "answers in us-west-1" and found["rekognition us-west-2"][1].endswith("us-west-2")
    assert found["labels ca-central-1"][1].startswith("not offered in ca-central-1")
    assert [found[name][0] for name in found if "eu-north-1" in name] == ["left out"]
    assert found["s3"] == ("ok", "not tried: neither SOURCE nor the home is on S3")
    assert found["aws us-west-2"][1].startswith("account endpoint:127.0.0.1") and "accounts" not in found


def test_each_of_several_accounts_is_tried_and_told(
    s3: S3Server,
    rekognition: Emulator,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    keys = (f"[{name}]\naws_access_key_id = {name}\naws_secret_access_key = x\n" for name in ("work", "archive"))
    (tmp_path / "none").write_text("".join(keys))
    found = doctor(capsys, s3.url, rekognition.url, "--profile", "work,archive")
    assert found["aws us-east-1/archive"][1].endswith("credentials from shared-credentials-file")
    assert found["rekognition us-east-1/archive"] == ("ok", "answers in us-east-1")
    assert found["accounts"] == ("ok", "2, each with a quota of its own")
    assert run(["doctor", "--profile", "work,nope"]) == 2
    assert "The config profile (nope) could not be found" in capsys.readouterr().err


def test_a_denial_names_what_to_allow(s3: S3Server, rekognition: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    def kms(asked: Asked) -> Refusal | None:
        return Refusal(403, "AccessDenied") if "a.jpg" in asked.path else None

    rekognition.set_faults("DetectFaces:AccessDeniedException:100%", "GetLabelDetection:AccessDeniedException:100%",
                           "ListCollections:AccessDeniedException:100%")  # fmt: skip
    with s3_gateway(s3.url, kms) as gateway:
        words = ["--api", "labels,faces,video-labels,search-faces:collection=none", "s3://archive/2019/"]
        found = doctor(capsys, gateway.url, rekognition.url, *words)
    rekognition.set_faults()
    assert found["s3"][0] == "denied" and "The credentials need s3:GetObject on bucket 'archive'" in found["s3"][1]
    assert found["rekognition"][0] == "ok" and "which no scan needs" in found["rekognition"][1]
    assert (found["labels"][0], found["faces"][0], found["video-labels"][0]) == ("ok", "denied", "denied")
    assert found["faces"][1].startswith("rekognition:DetectFaces is denied")
    assert found["video-labels"][1].startswith("rekognition:GetLabelDetection is denied")
    assert found["search-faces"][0] == "not there"


def test_each_trouble_of_s3_has_its_own_name(s3: S3Server, capsys: pytest.CaptureFixture[str]) -> None:
    troubles = {
        "denied": Refusal(403, "AccessDenied"),
        "credentials": Refusal(403, "InvalidAccessKeyId"),
        "clock": Refusal(403, "RequestTimeTooSkewed"),
        "wrong Region": Refusal(400, "AuthorizationHeaderMalformed"),
        "not there": Refusal(404, "NoSuchBucket"),
        "unknown": Refusal(503, "SlowDown"),
    }
    now: list[Refusal] = []
    with s3_gateway(s3.url, lambda asked: now[-1]) as gateway:
        aws = Aws("us-east-1", s3_url=gateway.url)
        for found, refusal in troubles.items():
            now.append(refusal)
            assert s3_place(aws, "s3://archive/2019/", near=False).said == found
        assert doctor(capsys, gateway.url, NOWHERE)["s3"][0] == "unknown"


def test_no_network_is_told_at_once_and_as_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    told = doctor(capsys, NOWHERE, NOWHERE, "--api", "labels")
    assert (told["s3"][0], told["rekognition"][0]) == ("no network", "no network")
    assert "credentials" not in told["s3"][1] + told["rekognition"][1]
    assert "labels" not in told  # nobody to ask


def test_a_bucket_of_another_region_is_wrong_for_films_and_slower_for_pictures(
    s3: S3Server, rekognition: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    found = doctor(capsys, s3.url, rekognition.url, "--api", "labels", "s3://far/")
    assert found["s3"] == ("ok", "s3://far/: listed and read, in eu-west-1: pictures go to Rekognition as bytes")
    found = doctor(capsys, s3.url, rekognition.url, "--api", "video-labels", "s3://far/")
    assert found["s3"][0] == "wrong Region" and "Add --region eu-west-1." in found["s3"][1]


def test_a_region_without_rekognition_is_no_network_trouble(
    s3: S3Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", NOWHERE)
    run(["doctor", "--json", "--s3-endpoint-url", s3.url, "--region", "eu-north-1"])
    one = json.loads(capsys.readouterr().out)["checks"]["rekognition"]
    assert (one["ok"], one["found"]) == (False, "wrong Region")
    assert "there is no Rekognition in eu-north-1. Choose one of: " in one["says"] and "eu-west-1" in one["says"]


def test_a_region_that_aws_does_not_have_is_refused_and_asked_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-esat-1")
    assert run(["doctor", "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert checks["aws"]["says"].startswith("AWS has no Region 'us-esat-1'. Did you mean us-east-1?")
    assert [name for name, one in checks.items() if not one["ok"]] == ["aws"]
    assert checks["s3"]["says"] == checks["rekognition"]["says"] == "not tried: see `aws`"
    for words in (["doctor", "--policy", "--api", "labels", "s3://archive/"], ["collections", "list"]):
        assert run(words) == 2
        assert "Did you mean us-east-1?" in capsys.readouterr().err


def test_a_buckets_key_is_in_the_policy_and_an_unknown_one_is_told(
    s3: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
    for bucket, algorithm in (
        ("sealed", {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}),
        ("own", {"SSEAlgorithm": "aws:kms"}),
    ):
        s3.bucket(bucket, {})
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": algorithm}]}
        s3.client().put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)

    def shut(asked: Asked) -> Refusal | None:
        return Refusal(403, "AccessDenied") if asked.path.startswith("/far") else None

    with s3_gateway(s3.url, shut) as gateway:
        words = ["s3://sealed/a/", "s3://own/", "s3://archive/2019/", "s3://far/", "s3://archive/2019/list.txt"]
        assert run(["doctor", "--policy", "--api", "labels", *words, "--s3-endpoint-url", gateway.url]) == 0
    said = capsys.readouterr()
    sealed = [one for one in json.loads(said.out)["Statement"] if one["Action"] == ["kms:Decrypt"]]
    assert [one["Resource"] for one in sealed] == [[key]]
    told = " ".join(said.err.split())
    assert "Whether bucket far is under a key of KMS is not known (S3 denies access to s3://far): if it is, add" in told
    assert told.count("is not known") == 1 and "Under which keys of KMS a list's objects are" in told
    point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos"
    assert "an access point does not tell" in bucket_keys(Aws(), [point]).unknown[0]
