"""AWS JSON 1.1 as Rekognition speaks it: requests checked against AWS's own service model, answers and errors encoded.

Every constraint comes from botocore's `service-2.json`, so a new botocore brings new rules along. botocore itself
checks only required members, types and minimum lengths before sending; patterns, maxima, enums and the size of an
image are checked by the service, and so here.
"""

from __future__ import annotations

import binascii
import re
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
import orjson
from botocore.model import ServiceModel, Shape

from emulator.errors import AwsError
from emulator.server.connections import Response

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "RekognitionService."

Problems = list[str]
Check = Callable[[Any, str, Problems], Any]


@cache
def service_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("rekognition")


@cache
def operation_names() -> frozenset[str]:
    return frozenset(service_model().operation_names)


@cache
def _checker(operation: str) -> Check:
    shape = service_model().operation_model(operation).input_shape
    return _structure(shape) if shape is not None else (lambda value, path, problems: {})


def parse(operation: str, body: bytes) -> dict[str, Any]:
    """The request as a dict with blobs decoded; raises the error AWS would answer."""
    try:
        document = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise _serialization() from None
    if not isinstance(document, dict):
        raise _serialization("Start of structure or map found where not expected.")
    problems: Problems = []
    request: dict[str, Any] = _checker(operation)(document, "", problems)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise AwsError("ValidationException", count + "; ".join(problems))
    return request


def answer(body: bytes, not_before: float = 0.0) -> Response:
    headers = (("x-amzn-RequestId", request_id()), ("Content-Type", CONTENT_TYPE))
    return Response(200, body, headers, not_before)


def error(failure: AwsError, not_before: float = 0.0) -> Response:
    document = {
        "__type": failure.code,
        "Code": failure.code,
        "Logref": request_id(),
        "Message": failure.message,
    }
    headers = (
        ("x-amzn-RequestId", request_id()),
        ("x-amzn-ErrorType", failure.code),
        ("Content-Type", CONTENT_TYPE),
    )
    return Response(failure.status, orjson.dumps(document), headers, not_before)


def request_id() -> str:
    return str(uuid.uuid4())


# One checker per shape, built once. A checker returns the value as operations see it and notes what is wrong.


def _build(shape: Shape) -> Check:
    kinds: dict[str, Callable[[Any], Check]] = {
        "structure": _structure,
        "list": _list,
        "map": _map,
        "string": _string,
        "blob": _blob,
        "integer": _integer,
        "long": _integer,
        "float": _float,
        "double": _float,
        "boolean": _boolean,
        "timestamp": _float,
    }
    return kinds[shape.type_name](shape)


def _structure(shape: Any) -> Check:
    members = [(name, _camel(name), _build(member)) for name, member in shape.members.items()]
    required = set(shape.required_members)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            raise _serialization()
        prefix = f"{path}." if path else ""
        result = {}
        for name, camel, check_member in members:
            given = value.get(name)
            if given is None:
                if name in required:
                    problems.append(_problem("null", prefix + camel, "Member must not be null"))
                continue
            result[name] = check_member(given, prefix + camel, problems)
        return result

    return check


def _list(shape: Any) -> Check:
    check_member = _build(shape.member)
    lengths = _lengths(shape.metadata)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            raise _serialization()
        if not lengths(len(value), "[...]", path, problems):
            return value
        return [check_member(item, f"{path}.{place}.member", problems) for place, item in enumerate(value, 1)]

    return check


def _map(shape: Any) -> Check:
    check_key, check_value = _build(shape.key), _build(shape.value)
    lengths = _lengths(shape.metadata)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            raise _serialization()
        if not lengths(len(value), "{...}", path, problems):
            return value
        return {
            check_key(key, path, problems): check_value(item, f"{path}.{key[:64]}", problems)
            for key, item in value.items()
        }

    return check


def _string(shape: Any) -> Check:
    lengths = _lengths(shape.metadata)
    pattern_text = shape.metadata.get("pattern")
    pattern = _pattern(pattern_text) if pattern_text else None
    enum = set(shape.enum)
    enum_text = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            raise _serialization()
        # Length first: it also keeps a hostile value away from the pattern.
        if lengths(len(value), value[:200], path, problems):
            if enum and value not in enum:
                problems.append(_problem(value[:200], path, enum_text))
            elif pattern is not None and len(value) < 8192 and pattern.fullmatch(value) is None:
                text = f"Member must satisfy regular expression pattern: {pattern_text}"
                problems.append(_problem(value[:200], path, text))
        return value

    return check


def _blob(shape: Any) -> Check:
    lengths = _lengths(shape.metadata)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            raise _serialization()
        try:
            blob = binascii.a2b_base64(value, strict_mode=True)
            if len(value) % 4:
                raise ValueError(value[-4:])
        except ValueError:
            raise _serialization("Unable to decode the base64 of a blob.") from None
        size = len(blob)
        lengths(size, f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]", path, problems)
        return blob

    return check


def _number(shape: Any, kinds: tuple[type, ...]) -> Check:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")

    def check(value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise _serialization()
        if low is not None and value < low:
            problems.append(_problem(value, path, f"Member must have value greater than or equal to {low}"))
        if high is not None and value > high:
            problems.append(_problem(value, path, f"Member must have value less than or equal to {high}"))
        return value

    return check


def _integer(shape: Any) -> Check:
    return _number(shape, (int,))


def _float(shape: Any) -> Check:
    return _number(shape, (int, float))


def _boolean(shape: Any) -> Check:
    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, bool):
            raise _serialization()
        return value

    return check


def _lengths(metadata: dict[str, Any]) -> Callable[[int, str, str, Problems], bool]:
    low, high = metadata.get("min"), metadata.get("max")

    def check(size: int, shown: str, path: str, problems: Problems) -> bool:
        if low is not None and size < low:
            text = f"Member must have length greater than or equal to {low}"
        elif high is not None and size > high:
            text = f"Member must have length less than or equal to {high}"
        else:
            return True
        problems.append(_problem(shown, path, text))
        return False

    return check


def _pattern(text: str) -> re.Pattern[str]:
    """AWS writes Java's patterns; Python has no classes by Unicode property, and these come nearest."""
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        text = text.replace(java, python)
    return re.compile(text)


def _problem(value: object, path: str, constraint: str) -> str:
    shown = "null" if value == "null" else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _serialization(message: str = "The request could not be read as the input of this operation.") -> AwsError:
    return AwsError("SerializationException", message)
