"""A boto3 client that trusts nobody: every answer is held against AWS's own output shape, member by member.

botocore's parser quietly drops what it does not know; here that fails the test.
"""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import botocore.config

from emulator.server.protocol import service_model


def client(url: str, **config: Any) -> Any:
    """boto3 without retries; raises AssertionError for an answer AWS's model does not know."""
    options = {"retries": {"total_max_attempts": 1}, "read_timeout": 120} | config
    made = boto3.client(
        "rekognition",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
        config=botocore.config.Config(**options),
    )
    made.meta.events.register("before-parse.rekognition", _check)
    return made


def _check(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    check_headers(response_dict["headers"])
    document = json.loads(response_dict["body"])
    if response_dict["status_code"] == 200:
        check_answer(operation_model.name, document)
    else:
        check_error(document)


def check_headers(headers: Any) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-amzn-requestid"])
    assert headers["content-type"] == "application/x-amz-json-1.1"


def check_error(document: dict[str, Any]) -> None:
    assert set(document) == {"__type", "Code", "Logref", "Message"}
    assert document["__type"] == document["Code"]
    assert document["Message"]


def check_answer(operation: str, document: Any) -> None:
    shape = service_model().operation_model(operation).output_shape
    if shape is None:
        assert document == {}
    else:
        _walk(shape, document, operation)


def _walk(shape: Any, value: Any, path: str) -> None:
    match shape.type_name:
        case "structure":
            assert isinstance(value, dict), path
            unknown = set(value) - set(shape.members)
            assert not unknown, f"{path}: not in AWS's model: {unknown}"
            assert set(shape.required_members) <= set(value), path
            for name, member in value.items():
                _walk(shape.members[name], member, f"{path}.{name}")
        case "list":
            assert isinstance(value, list), path
            _limits(shape, len(value), path)
            for place, member in enumerate(value):
                _walk(shape.member, member, f"{path}[{place}]")
        case "string":
            assert isinstance(value, str), path
            assert not shape.enum or value in shape.enum, f"{path}: {value}"
            _limits(shape, len(value), path)
            pattern = shape.metadata.get("pattern")
            assert pattern is None or re.fullmatch(pattern, value), f"{path}: {value}"
        case "integer" | "long":
            assert isinstance(value, int) and not isinstance(value, bool), path
            _limits(shape, value, path)
        case "float" | "double" | "timestamp":
            assert isinstance(value, int | float) and not isinstance(value, bool), path
            _limits(shape, value, path)
        case "boolean":
            assert isinstance(value, bool), path
        case other:
            raise AssertionError(f"{path}: {other}")


def _limits(shape: Any, size: float, path: str) -> None:
    assert shape.metadata.get("min", size) <= size <= shape.metadata.get("max", size), f"{path}: {size}"
