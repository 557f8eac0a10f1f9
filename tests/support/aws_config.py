"""Real AWS configuration files, and credentials that moto holds to their policies."""

import json
import textwrap
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.s3_server import S3Server

_KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Keys:
    id: str
    secret: str


def write_config(directory: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only AWS configuration there is: nothing of this machine's, nothing in the environment."""
    for name in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
        "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    file = directory / "aws-config"
    file.write_text(textwrap.dedent(text))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(directory / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def write_role_config(directory: Path, url: str, keys: "Keys", role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles `base`, which may only assume the role, and `archive`, which does."""
    config = f"""
        [profile base]
        aws_access_key_id = {keys.id}
        aws_secret_access_key = {keys.secret}
        endpoint_url = {url}

        [profile archive]
        role_arn = arn:aws:iam::123456789012:role/{role}
        source_profile = base
        region = eu-west-1
        endpoint_url = {url}
    """
    write_config(directory, config, monkeypatch)


@contextmanager
def held_to_policies(server: S3Server, *, role: str) -> Iterator[Keys]:
    """A user who may assume the role and nothing else, a role that may use S3; from here on moto checks who asks.

    Gives the user's keys.
    """
    user = f"user-of-{role}"
    iam = boto3.Session(**_KEYS).client("iam", endpoint_url=server.url, region_name="us-east-1")
    trust = _allow("sts:AssumeRole", Principal={"AWS": "*"})
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=role, PolicyName="s3", PolicyDocument=_allow("s3:*", Resource="*"))
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="sts", PolicyDocument=_allow("sts:*", Resource="*"))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    _after(server, "0")
    try:
        yield Keys(key["AccessKeyId"], key["SecretAccessKey"])
    finally:
        _after(server, "inf")


def _allow(action: str, **rest: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **rest}]})


def _after(server: S3Server, requests: str) -> None:
    """moto checks signatures and policies once it has had so many requests."""
    plain = {"Content-Type": "text/plain"}  # or urllib calls it a form
    url = f"{server.url}/moto-api/reset-auth"
    urllib.request.urlopen(urllib.request.Request(url, requests.encode(), plain, method="POST")).read()
