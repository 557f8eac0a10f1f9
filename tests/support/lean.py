"""Clients and calls of the lean way, and what the worker looks at when one fails."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import boto3
from botocore.config import Config

from jobs.aws.faults import understand
from jobs.aws.lean.methods import methods

IMAGE = {"S3Object": {"Bucket": "archive", "Name": "2019/ü 1.jpg"}}


def client(url: str | None, read_timeout: float = 20, **more: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, connect_timeout=2)
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", **more}
    return boto3.client("rekognition", region_name="eu-west-1", endpoint_url=url, config=config, **keys)


def called(rekognition: Any, operation: str = "DetectLabels", threads: Executor | None = None) -> Callable[..., Any]:
    """What the worker would call, awaited."""

    def call(**arguments: Any) -> Any:
        async def once() -> Any:
            return await methods(rekognition, threads)(operation)(**arguments)

        return asyncio.run(once())

    return call


def outcome(call: Callable[..., Any], **arguments: Any) -> tuple[Any, ...]:
    """Everything the worker looks at when a call fails."""
    try:
        answer = call(**arguments)
    except Exception as error:
        fault = understand(error, "DetectLabels")
        response = getattr(error, "response", None) or {}
        details = response.get("Error", {}), response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return type(error).__name__, fault.kind, fault.code, details
    return ("answer", sorted(set(answer) - {"ResponseMetadata"}))
