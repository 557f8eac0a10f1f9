"""S3Object images and films, fetched from the one S3 endpoint the emulator was given; never from AWS by accident."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.config
import botocore.exceptions

from emulator.errors import OptionError, invalid_s3_object, too_large
from emulator.operations.base import MAX_S3_BYTES

THREADS = 16
_CHUNK = 1024 * 1024
T = TypeVar("T")


class Fetcher:
    def __init__(self, endpoint_url: str | None) -> None:
        endpoint = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3")
        self._client = _client(endpoint) if endpoint else None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")

    async def fetch(self, place: dict[str, Any]) -> bytes:
        """Raises InvalidS3ObjectException for whatever S3 refuses, ImageTooLargeException over 15 MB."""
        return await self._in_thread(_get, place)

    async def size(self, place: dict[str, Any]) -> int:
        """Bytes of an object; raises as `fetch`."""
        return await self._in_thread(_size, place)

    async def save(self, place: dict[str, Any], to: Path) -> None:
        """The whole object into a file; raises as `fetch`."""
        await self._in_thread(_save, place, to)

    async def _in_thread(self, do: Callable[..., T], place: dict[str, Any], *more: Any) -> T:
        if self._client is None:
            raise invalid_s3_object("The emulator was started without --s3-endpoint-url and fetches no S3Object.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, do, self._client, place, *more)


def _size(client: Any, place: dict[str, Any]) -> int:
    try:
        return int(client.head_object(**_named(place))["ContentLength"])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        raise invalid_s3_object() from None


def _save(client: Any, place: dict[str, Any], to: Path) -> None:
    try:
        with to.open("wb") as file:
            for chunk in client.get_object(**_named(place))["Body"].iter_chunks(_CHUNK):
                file.write(chunk)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        raise invalid_s3_object() from None


def _named(place: dict[str, Any]) -> dict[str, Any]:
    version = {"VersionId": place["Version"]} if place.get("Version") else {}
    return {"Bucket": place["Bucket"], "Key": place["Name"], **version}


def _get(client: Any, place: dict[str, Any]) -> bytes:
    try:
        answer = client.get_object(**_named(place))
        if answer["ContentLength"] > MAX_S3_BYTES:
            answer["Body"].close()
            raise too_large(f"Image size is too large. Maximum size is {MAX_S3_BYTES} bytes.")
        data: bytes = answer["Body"].read()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        raise invalid_s3_object() from None
    if not data:
        raise invalid_s3_object()
    return data


def _client(endpoint: str) -> Any:
    """With the machine's credentials, or any at all: local stores take those."""
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")  # nobody else is asked, over no network
    session = boto3.Session()
    keys = {} if session.get_credentials() else {"aws_access_key_id": "emulator", "aws_secret_access_key": "-"}
    config = botocore.config.Config(
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=THREADS,
        connect_timeout=5,
        read_timeout=30,
        s3={"addressing_style": "path"},
    )
    region = session.region_name or "us-east-1"
    try:
        return session.client("s3", region_name=region, endpoint_url=endpoint, config=config, **keys)
    except ValueError:
        raise OptionError(f"S3 endpoint {endpoint}: write a URL, as http://127.0.0.1:9000") from None
