"""AWS clients. The one place that makes them, with retries off: workers/calls/caller.py owns those.

`--endpoint-url` and the environment's AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_REKOGNITION are
honoured by botocore itself.
"""

import os
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import RekscanError

# An emulator answers anybody; botocore signs with something all the same.
_ANYBODY = {"aws_access_key_id": "rekscan", "aws_secret_access_key": "local"}


def session(profile: str | None = None) -> boto3.Session:
    return boto3.Session(profile_name=profile or os.environ.get("AWS_PROFILE") or None)


def rekognition(
    region: str,
    *,
    endpoint_url: str | None = None,
    profile: str | None = None,
    connections: int = 64,
    read_timeout: float = 60,
) -> Any:
    """A Rekognition client for all calls of a process. `connections`: kept at most, where boto3 makes the calls."""
    config = Config(
        retries={"total_max_attempts": 1},
        max_pool_connections=connections,
        connect_timeout=10,
        read_timeout=read_timeout,
        tcp_keepalive=True,
    )
    return _client("rekognition", region, endpoint_url, profile, config)


def s3(
    region: str | None, *, endpoint_url: str | None = None, profile: str | None = None, connections: int = 64
) -> Any:
    """An S3 client. Its retries stay on: reading is free of harm."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=connections,
        connect_timeout=10,
        read_timeout=60,
        s3={"addressing_style": "path"} if endpoint_url else {},
    )
    return _client("s3", region, endpoint_url, profile, config)


def account_of(region: str, *, endpoint_url: str | None = None, profile: str | None = None) -> str:
    """Who shares a quota: the AWS account id, or the endpoint's address when it is not AWS.

    Raises RekscanError when the credentials are missing or refused.
    """
    if endpoint_url:
        return f"endpoint:{urlsplit(endpoint_url).netloc}"
    try:
        identity = session(profile).client("sts", region_name=region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise RekscanError(
            f"AWS does not accept the credentials: {error}",
            "Set up credentials as for the AWS CLI (`aws configure`, AWS_PROFILE), or try `--local` without AWS.",
        ) from error
    return str(identity["Account"])


def _client(service: str, region: str | None, endpoint_url: str | None, profile: str | None, config: Config) -> Any:
    aws = session(profile)
    local = endpoint_url is not None and urlsplit(endpoint_url).hostname in ("127.0.0.1", "localhost", "::1")
    anybody = _ANYBODY if local and aws.get_credentials() is None else {}
    return aws.client(service, region_name=region, endpoint_url=endpoint_url, config=config, **anybody)


def method_name(operation: str) -> str:
    """`DetectLabels` -> `detect_labels`, as botocore names it."""
    return str(xform_name(operation))
