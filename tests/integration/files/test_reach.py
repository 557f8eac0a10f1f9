"""How a home on S3 is reached: credentials, Region, endpoint, certificates; and what is said when it is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.errors import RekscanError
from jobs.files import open_home
from rekscan.settings import resolve
from tests.support.aws_config import held_to_policies, write_config
from tests.support.s3_gateway import Asked, Refusal, own_certificate, s3_gateway
from tests.support.s3_server import S3Server, s3_server

HOME = "s3://homes/jobs"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("homes", {"jobs/20261123-153012-7f3a/job.json": b"{}"})
        yield server


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path, "[default]\naws_access_key_id = test\naws_secret_access_key = test\n", monkeypatch)


def renewing(directory: Path) -> str:
    """A program that gives credentials for five minutes and counts how often it was asked."""
    program = directory / "credentials"
    program.write_text(
        "#!/bin/sh\n"
        f"echo run >> {directory}/runs\n"
        "end=$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ)\n"
        """printf '{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s", "Expiration": "%s"}' $end\n"""
    )
    program.chmod(0o700)
    return str(program)


def test_credentials_that_end_are_renewed_while_a_home_is_open(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = f"[profile short]\ncredential_process = {renewing(tmp_path)}\nendpoint_url = {s3.url}\n"
    write_config(tmp_path, config, monkeypatch)
    files, base = open_home(HOME, Aws(profile="short"))
    first = len((tmp_path / "runs").read_text().split())
    files.write(f"{base}/renewed", b"x")
    assert files.read(f"{base}/renewed") == b"x"
    assert len((tmp_path / "runs").read_text().split()) > first


def test_a_changed_credentials_file_is_read_again(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_gateway(s3.url) as gateway:
        for key in ("first", "second"):
            text = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = x\n"
            write_config(tmp_path, text, monkeypatch)
            files, base = open_home(HOME, Aws(s3_url=gateway.url))
            files.exists(f"{base}/any")
    assert [f"Credential={key}/" in asked.headers["authorization"] for key, asked in zip(
        ("first", "second"), gateway.asked, strict=True
    )] == [True, True]  # fmt: skip


def test_one_session_serves_several_clients(s3: S3Server, keys: None) -> None:
    for connections in (8, 16):
        made = clients.s3(Aws(s3_url=s3.url), connections=connections)
        assert made is clients.s3(Aws(s3_url=s3.url), connections=connections)
        made.head_object(Bucket="homes", Key="jobs/20261123-153012-7f3a/job.json")


@pytest.mark.parametrize("flag", ["flag", "environment"])
def test_the_region_that_a_person_names_reaches_the_home(
    s3: S3Server, keys: None, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    if flag == "environment":
        monkeypatch.setenv("REKSCAN_REGION", "eu-west-1")
    with s3_gateway(s3.url) as gateway:
        settings = resolve(region="eu-west-1" if flag == "flag" else None, s3_endpoint_url=gateway.url)
        files, base = open_home(HOME, settings.aws)
        files.write(f"{base}/x", b"x")
    assert {asked.signed_for for asked in gateway.asked} == {"eu-west-1"}


def regional(asked: Asked) -> Refusal | None:
    """As AWS answers for a bucket of eu-west-1."""
    if asked.signed_for == "eu-west-1":
        return None
    return Refusal(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"})


def test_a_home_in_another_region_than_the_scan_is_found_there(s3: S3Server, keys: None) -> None:
    with s3_gateway(s3.url, regional) as gateway:
        files, base = open_home(HOME, Aws(region="us-east-1", s3_url=gateway.url))
        files.write(f"{base}/far", b"x", once=True)
        assert files.read(f"{base}/far") == b"x"
        assert files.exists(f"{base}/far")
        assert "far" in [entry.name for entry in files.entries(base)]
    # Asked for once: from then on the client knows.
    assert [asked.signed_for for asked in gateway.asked].count("us-east-1") == 1


def test_a_server_that_knows_no_conditional_writes_is_asked_first(s3: S3Server, keys: None) -> None:
    def older(asked: Asked) -> Refusal | None:
        return Refusal(501, "NotImplemented") if "if-none-match" in asked.headers else None

    with s3_gateway(s3.url, older) as gateway:
        files, base = open_home(HOME, Aws(region="us-east-1", s3_url=gateway.url))
        for data in (b"first", b"second"):
            files.write(f"{base}/older", data, once=True)
        assert files.read(f"{base}/older") == b"first"
    assert sum("if-none-match" in asked.headers for asked in gateway.asked) == 1


def test_a_write_that_meets_another_is_tried_again(s3: S3Server, keys: None) -> None:
    refused: list[str] = []

    def busy(asked: Asked) -> Refusal | None:
        if "if-none-match" not in asked.headers or refused:
            return None
        refused.append(asked.path)
        return Refusal(409, "ConditionalRequestConflict")

    with s3_gateway(s3.url, busy) as gateway:
        files, base = open_home(HOME, Aws(region="us-east-1", s3_url=gateway.url))
        files.write(f"{base}/met", b"x", once=True)
        assert files.read(f"{base}/met") == b"x"
    assert refused


def test_an_object_replaced_while_it_is_read_is_said_to_be(s3: S3Server, keys: None) -> None:
    files, base = open_home(HOME, Aws(region="us-east-1", s3_url=s3.url))
    files.write(f"{base}/replaced", b"a" * 1_000_000)
    with files.open(f"{base}/replaced") as file:
        files.write(f"{base}/replaced", b"b" * 1_000_000)
        with pytest.raises(RekscanError, match="was replaced while it was read"):
            file.read(10)


@pytest.mark.parametrize("where", ["environment", "profile"])
def test_a_certificate_authority_of_ones_own_is_trusted_once_it_is_named(
    s3: S3Server, keys: None, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = own_certificate(tmp_path)
    with s3_gateway(s3.url, certificate=certificate) as gateway:
        aws = Aws(region="us-east-1", s3_url=gateway.url)
        files, base = open_home(HOME, aws)
        with pytest.raises(RekscanError, match="certificate of the endpoint is not trusted") as refused:
            files.read(f"{base}/x")
        assert "AWS_CA_BUNDLE" in refused.value.do
        ca = tmp_path / "certificate.pem"
        if where == "environment":
            monkeypatch.setenv("AWS_CA_BUNDLE", str(ca))
        else:
            text = f"[default]\naws_access_key_id = t\naws_secret_access_key = t\nca_bundle = {ca}\n"
            write_config(tmp_path, text, monkeypatch)
        files, base = open_home(HOME, aws)
        files.write(f"{base}/x", b"x")
        assert files.read(f"{base}/x") == b"x"


def test_who_may_not_is_told_what_is_missing(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_to_policies(s3, role="elsewhere") as given:
        text = f"[default]\naws_access_key_id = {given.id}\naws_secret_access_key = {given.secret}\n"
        write_config(tmp_path, text, monkeypatch)
        files, base = open_home(HOME, Aws(region="us-east-1", s3_url=s3.url))
        for action, attempt in (
            ("s3:PutObject", lambda: files.write(f"{base}/x", b"")),
            ("s3:GetObject", lambda: files.read(f"{base}/x")),
            ("s3:ListBucket", lambda: files.entries(base)),
        ):
            with pytest.raises(RekscanError, match="S3 denies access to s3://homes/jobs") as refused:
                attempt()
            assert action in refused.value.do


CONFIG = """
    [default]
    aws_access_key_id = t
    aws_secret_access_key = t
    region = us-east-1
    [profile stuck]
    credential_process = /bin/false
    [profile outsider]
    role_arn = arn:aws:iam::123456789012:role/nobody
    source_profile = gone
"""


@pytest.mark.parametrize(
    ("arguments", "what", "do"),
    [
        (["--profile", "nosuch"], "nosuch", "aws configure list-profiles"),
        (["--profile", "stuck"], "no credentials could be had", "credential_process"),
        (["--profile", "outsider"], "the AWS configuration does not fit", "~/.aws/config"),
        (["--home", "s3://nowhere/jobs"], "there is no S3 bucket 'nowhere'", "Check its name"),
        (["--home", "s3://"], "--home (REKSCAN_HOME)", "s3://bucket/prefix"),
        (["--s3-endpoint-url", "notaurl"], "not the URL of a service", "https://"),
        (["--s3-endpoint-url", "http://127.0.0.1:9"], "cannot reach the endpoint", "--endpoint-url"),
    ],
)
def test_trouble_ends_in_one_line_that_says_what_to_do(
    s3: S3Server, tmp_path: Path, arguments: list[str], what: str, do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path, CONFIG, monkeypatch)
    command = [sys.executable, "-m", "rekscan", "jobs", *arguments]
    env = {**os.environ, "REKSCAN_HOME": HOME, "AWS_ENDPOINT_URL_S3": s3.url, "AWS_MAX_ATTEMPTS": "1"}
    ended = subprocess.run(command, env=env, capture_output=True, text=True)
    assert ended.returncode in (1, 2)
    assert "Traceback" not in ended.stderr
    assert what in ended.stderr
    assert do in ended.stderr
    assert len(ended.stderr.strip().splitlines()) <= 2
