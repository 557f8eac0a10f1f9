"""AWS clients. The one place that makes them, from one value that says how AWS is reached.

Rule: credentials, Region, endpoints and certificates are botocore's to find (environment, profile, role, SSO, process,
web identity, container, instance) and to renew; what a user said on our own command line or in REKSCAN_* comes first.
Retries of Rekognition are off: workers/calls/attempts.py owns those.
"""

import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    InvalidConfigError,
    NoCredentialsError,
    ProfileNotFound,
)

from jobs.aws.access import Aws, config_files, endpoint
from jobs.aws.faults import Kind, is_off_clock, understand
from jobs.aws.paced import pace
from jobs.aws.unreachable import is_about_credentials, unreachable
from jobs.errors import RekscanError, UsageError

# An emulator answers anybody; botocore signs with something all the same.
_ANYBODY = {"aws_access_key_id": "rekscan", "aws_secret_access_key": "local"}
# What every server that speaks S3 understands: no bucket in the host's name, no checksum after the body.
_SIMPLE_S3 = {
    "s3": {"addressing_style": "path"},
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
_SIGN_IN = "Set up credentials as for the AWS CLI (`aws configure`, AWS_PROFILE), or try `--local` without AWS."
_lock = threading.Lock()  # a session makes one client at a time

Source = tuple[tuple[str, str | int], ...]


def rekognition(aws: Aws, *, connections: int = 64, read_timeout: float = 60) -> Any:
    """A Rekognition client for all calls of a process. `connections`: kept at most, where boto3 makes the calls."""
    config = Config(
        retries={"total_max_attempts": 1},
        max_pool_connections=connections,
        connect_timeout=10,
        read_timeout=read_timeout,
        tcp_keepalive=True,
    )
    return _made(aws, "rekognition", config, endpoint_url=endpoint_of(aws, "rekognition"))


def s3(aws: Aws, *, connections: int = 64) -> Any:
    """An S3 client, the same one each time as long as nothing it was made of has changed. Thread-safe.

    Its retries stay on: reading is free of harm, and what is written is the same each time. On AWS it follows a bucket
    into its Region.
    """
    return _s3(aws, connections, _source())


def reader(service: str, aws: Aws, *, region: str | None = None) -> Any:
    """A client of a service that is only asked: prices, quotas, counts. Its retries are on."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=30)
    return _made(aws, service, config, region=region)


def once(service: str, aws: Aws) -> Any:
    """A client of `s3` or `rekognition` that asks once and waits a few seconds, for who wants to know how AWS is."""
    url = endpoint_of(aws, service)
    simple = _SIMPLE_S3 if url and service == "s3" else {}
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=15, **simple)
    return _made(aws, service, config, endpoint_url=url)


def region_of(aws: Aws) -> str | None:
    """The Region: as given, of the environment, of the profile. None where nobody says."""
    found = aws.told_region or _core(aws.profile).get_config_variable("region")
    return str(found) if found else None


def endpoint_of(aws: Aws, service: str) -> str | None:
    """The endpoint of `s3` or `rekognition` when it is not AWS's own: as given, or as botocore would find it.

    Raises UsageError when it is none.
    """
    given: str | None = {"s3": aws.s3_url, "rekognition": aws.rekognition_url}[service]
    found = given or _configured_endpoint(aws.profile, service)
    try:
        return endpoint(found) if found else None
    except ValueError as error:
        raise UsageError(f"AWS_ENDPOINT_URL, or {service}'s own: {error}") from None


def has_credentials(aws: Aws) -> bool:
    """Whether there are any; AWS is not asked what they are worth."""
    try:
        return _core(aws.profile).get_credentials() is not None
    except BotoCoreError as error:
        raise unreachable(error) from error


def source_of_credentials(aws: Aws) -> str:
    """Where they come from, as botocore calls it: `env`, `shared-credentials-file`, `assume-role`, `iam-role`, ... ."""
    found = _core(aws.profile).get_credentials()
    return str(found.method) if found else "nowhere"


def check_profile(profile: str | None) -> None:
    """Raises UsageError where the AWS configuration has no profile of that name, or cannot be read."""
    _core(profile)


def account_of(aws: Aws) -> str:
    """Who shares a quota: the AWS account id, or the endpoint's address when it is not AWS.

    Raises RekscanError when the credentials are missing or refused, or AWS cannot be reached.
    """
    if url := endpoint_of(aws, "rekognition"):
        return f"endpoint:{urlsplit(url).netloc}"
    try:
        identity = _made(aws, "sts", Config()).get_caller_identity()
    except NoCredentialsError as error:
        raise RekscanError("no AWS credentials were found", _SIGN_IN) from error
    except BotoCoreError as error:  # the network, a proxy, a certificate: nothing about the credentials
        raise unreachable(error) from error
    except ClientError as error:
        if is_about_credentials(error):
            raise unreachable(error) from error
        raise _refused(error) from error
    return str(identity["Account"])


def _refused(error: ClientError) -> RekscanError:
    """Of a question that anybody may ask: the credentials, unless it is the clock or AWS itself."""
    if is_off_clock(error):
        return RekscanError(
            f"this machine's clock is off: {error}", "Set it right: AWS takes no request signed minutes off."
        )
    if understand(error, "GetCallerIdentity").kind in (Kind.THROTTLED, Kind.TRANSIENT):
        return RekscanError(f"AWS does not say whose credentials these are: {error}", "Try again in a minute.")
    new = "A Region that has to be enabled refuses all credentials of an account that has not."
    return RekscanError(f"AWS does not accept the credentials: {error}", f"{_SIGN_IN} {new}")


def method_name(operation: str) -> str:
    """`DetectLabels` -> `detect_labels`, as botocore names it."""
    return str(xform_name(operation))


@lru_cache(maxsize=8)
def _s3(aws: Aws, connections: int, made_of: Source) -> Any:
    url = endpoint_of(aws, "s3")
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=connections,
        connect_timeout=10,
        read_timeout=60,
        **(_SIMPLE_S3 if url else {}),
    )
    client = _made(aws, "s3", config, endpoint_url=url)
    if aws.requester_pays:
        client.meta.events.register("before-call.s3", _pay, unique_id="rekscan-pay")
    return client


def _pay(params: dict[str, Any], **_: Any) -> None:
    """botocore event: before signing. Listings, heads and objects alike; without it S3 denies access."""
    params["headers"]["x-amz-request-payer"] = "requester"


def _made(aws: Aws, service: str, config: Config, *, endpoint_url: str | None = None, region: str | None = None) -> Any:
    local = endpoint_url is not None and urlsplit(endpoint_url).hostname in ("127.0.0.1", "localhost", "::1")
    anybody = _ANYBODY if local and not has_credentials(aws) else {}
    where = region or region_of(aws)
    try:
        with _lock:
            client = _session(aws.profile, _source()).client(
                service, region_name=where, endpoint_url=endpoint_url, config=config, **anybody
            )
    except (BotoCoreError, ValueError) as error:  # botocore: ValueError("Invalid endpoint: ...")
        raise unreachable(error) from error
    pace(client)
    return client


def _core(profile: str | None) -> botocore.session.Session:
    """The part of a session that knows the configuration."""
    return _configured(profile, _source())


@lru_cache(maxsize=8)
def _session(profile: str | None, made_of: Source) -> boto3.Session:
    """One session for all clients of a profile: a role is assumed, a sign-in read once, and renewed for all."""
    return boto3.Session(botocore_session=_configured(profile, made_of))


@lru_cache(maxsize=8)
def _configured(profile: str | None, made_of: Source) -> botocore.session.Session:
    core = botocore.session.Session(profile=profile)
    try:
        core.get_scoped_config()
    except ProfileNotFound as error:
        raise UsageError(str(error), "Name one of `aws configure list-profiles`.") from None
    except (ConfigParseError, InvalidConfigError) as error:
        raise UsageError(str(error), "Mend the AWS configuration file.") from None
    return core


def _source() -> Source:
    """What a session is made of: the environment and the files. When they change, the next client is another one."""
    names = [(name, value) for name, value in os.environ.items() if name.startswith("AWS_")]
    return (*sorted(names), *((str(file), _changed(file)) for file in config_files()))


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _configured_endpoint(profile: str | None, service: str) -> str | None:
    """As botocore looks it up: service before general, environment before file."""
    core = _core(profile)
    if core.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    config = core.get_scoped_config()
    services = core.full_config.get("services", {}).get(config.get("services"), {})
    named = services.get(service)  # `s3 = text` is no section
    places = (
        os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}"),
        os.environ.get("AWS_ENDPOINT_URL"),
        named.get("endpoint_url") if isinstance(named, dict) else None,
        config.get("endpoint_url"),
    )
    return next((str(place) for place in places if place), None)
