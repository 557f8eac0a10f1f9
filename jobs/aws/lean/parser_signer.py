"""botocore's parser and signer, made to look up once what they look up for every call.

Rule: what goes out and what comes back is botocore's to the byte (tests/integration/aws/test_lean.py).
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from botocore import auth
from botocore.auth import SigV4Auth
from botocore.parsers import JSONParser, ResponseParserError

_SCALARS = ("string", "integer", "long", "float", "double", "boolean")
_AS_THEY_ARE = frozenset(name for name in _SCALARS if not hasattr(JSONParser, f"_handle_{name}"))
_NOT_SIGNED = frozenset(getattr(auth, "SIGNED_HEADERS_BLACKLIST", ()))  # private_names asks for it

_Parse = Callable[[Any, Any], Any]


class Parser(JSONParser):  # type: ignore[misc]
    """With a faster reader of JSON under it; what the model says of a shape is kept."""

    def __init__(self) -> None:
        super().__init__()
        # Of a structure's members: name, name in the JSON, shape, and what parses it (None: it stays as it is).
        self._members: dict[Any, list[tuple[str, str, Any, _Parse | None]]] = {}

    def _handle_structure(self, shape: Any, value: Any) -> Any:
        members = self._members.get(shape)
        if members is None:
            if value is None or shape.is_document_type or shape.is_tagged_union:
                return super()._handle_structure(shape, value)
            members = self._members[shape] = [
                (name, member.serialization.get("name", name), member, self._parse_of(member))
                for name, member in shape.members.items()
            ]
        parsed: dict[str, Any] = {}
        for name, key, member, parse in members:
            if (node := value.get(key)) is not None:
                parsed[name] = node if parse is None else parse(member, node)
        return parsed

    def _handle_list(self, shape: Any, node: Any) -> Any:
        member = shape.member
        parse = self._parse_of(member)
        return [item if item is None or parse is None else parse(member, item) for item in node]

    def _parse_of(self, shape: Any) -> _Parse | None:
        if shape.type_name in _AS_THEY_ARE:
            return None
        return getattr(self, f"_handle_{shape.type_name}", self._default_handle)

    def _parse_body_as_json(self, body_contents: bytes) -> Any:
        try:
            return orjson.loads(body_contents)
        except ValueError:
            try:
                return super()._parse_body_as_json(body_contents)
            except UnicodeDecodeError as error:
                raise ResponseParserError(f"the answer is not UTF-8: {error}") from error


class Headers(dict[str, str]):
    """Headers that are there once each, spelt as the signer spells them. botocore's are e-mail messages."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]]


@dataclass(slots=True)
class SignedRequest:
    """What the signer reads of a POST, and writes to."""

    url: str
    headers: Headers
    body: bytes
    method: str = "POST"
    params: None = None
    context: dict[str, Any] = field(default_factory=dict)


class Signer(SigV4Auth):  # type: ignore[misc]
    """For one request."""

    _to_sign: Headers | None = None

    def headers_to_sign(self, request: Any) -> Any:
        if self._to_sign is None:  # asked for twice
            headers: Mapping[str, str] = request.headers
            self._to_sign = Headers((low, v) for n, v in headers.items() if (low := n.lower()) not in _NOT_SIGNED)
        return self._to_sign

    def signature(self, string_to_sign: str, request: Any) -> str:
        key = _key(self.credentials.secret_key, string_to_sign.split("\n", 3)[2])
        return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=2)
def _key(secret: str, scope: str) -> bytes:
    """The key of a scope, `day/Region/service/aws4_request`, as Signature Version 4 derives it."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
