"""How AWS is reached: the one value all clients are made of (jobs/aws/clients.py). It brings no boto3 in."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Aws:
    """How AWS is reached. None: as the environment and the AWS configuration files say."""

    region: str | None = None
    profile: str | None = None
    s3_url: str | None = None  # endpoint of S3 instead of AWS's own
    rekognition_url: str | None = None
    requester_pays: bool = False  # what is read of S3 is on the reader's bill

    @property
    def told_region(self) -> str | None:
        """The Region as far as it is told outside the AWS configuration files."""
        return self.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")

    @property
    def is_configured(self) -> bool:
        """Whether AWS configuration files have a say: a profile is named, or there is a file."""
        named = self.profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
        return bool(named) or any(file.exists() for file in config_files())


def config_files() -> tuple[Path, Path]:
    """AWS's configuration and credentials files, which may not be there."""
    config = os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    credentials = os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    return Path(config).expanduser(), Path(credentials).expanduser()


def endpoint(url: str) -> str:
    """The URL of a service, without a name and password: no client sends them, and this URL is told to others.

    Raises ValueError for what cannot be one.
    """
    try:
        parts = urlsplit(url)
        there = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none, a bracket that is left open
        there = False
    if not there or parts.query or parts.fragment:
        raise ValueError("not the URL of a service, as https://host:port")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
