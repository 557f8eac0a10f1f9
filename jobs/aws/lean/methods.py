"""A lean way to make a client's calls: botocore's serializer, signer and parser without what stands around them.

A boto3 call costs 1 to 2 ms of CPU, most of it in its event system, the endpoint rules and urllib3. Here the endpoint
is resolved once, the connections are kept (jobs/aws/lean/transport.py), and the rest is botocore: parameters are
validated and serialized, requests signed and answers parsed by the same objects, credentials refreshed as ever, the
same exceptions raised; only an answer cut short is an error here (docs/adr/0007-lean-wire.md). Rule: what this cannot
do exactly as boto3, boto3 does (`method` gives its method then).
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from random import getrandbits
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from botocore import awsrequest
from botocore.exceptions import BotoCoreError, CredentialRetrievalError

from jobs.aws.lean.answer import HttpAnswer
from jobs.aws.lean.boto3_way import bound_answers, in_threads, picture_bytes
from jobs.aws.lean.parser_signer import Headers, Parser, SignedRequest, Signer
from jobs.aws.lean.private_names import missing_for_calls
from jobs.aws.lean.transport import Connections

log = logging.getLogger(__name__)

Method = Callable[..., Awaitable[Mapping[str, Any]]]

_CHOSEN = "because REKSCAN_WIRE=boto3 is set"
_LARGE = 65536  # bytes of a picture, from which on serializing and signing hold up the event loop
_SAMPLE = 200  # bytes of an answer that is not one


def methods(client: Any, threads: Executor | None = None) -> Callable[[str], Method]:
    """Operation name -> what makes its calls, lean where that is possible. `client`: of boto3, retries off.

    `threads`: where boto3's own calls wait. REKSCAN_WIRE=boto3 in the environment leaves everything to boto3.
    """
    wire, why = _wire(client)
    if wire is None:
        log.log(logging.INFO if why == _CHOSEN else logging.WARNING, "calls go through boto3, %s", why)

    def method(operation: str) -> Method:
        if wire is not None and wire.can(operation):
            return wire.method(operation)
        if wire is not None:
            log.warning("%s goes through boto3, because it is not a plain operation", operation)
        bound_answers(client)
        name = next(n for n, op in client.meta.method_to_api_mapping.items() if op == operation)
        return in_threads(client, name, threads)

    return method


def transport(client: Any) -> str:
    """Which way the client's calls go, as `doctor` shows it."""
    wire, why = _wire(client)
    return "lean" if wire is not None else f"boto3's own, {why}"


def _wire(client: Any) -> "tuple[Wire | None, str]":
    """The lean way, or why it is not gone."""
    if os.environ.get("REKSCAN_WIRE") == "boto3":
        return None, _CHOSEN
    if missing := missing_for_calls(client):
        return None, f"because {missing}"
    try:
        return Wire(client), ""
    except (_Unfit, AttributeError, TypeError, KeyError, BotoCoreError) as error:
        return None, f"because {error}"


class _Unfit(Exception):
    """The client is set up in a way that only boto3 knows."""


class Wire:
    """The lean way for one client, on one event loop."""

    def __init__(self, client: Any) -> None:
        service, config = client.meta.service_model, client.meta.config
        session = client._endpoint.http_session
        if service.resolved_protocol != "json" or client._request_signer._signature_version != "v4":
            raise _Unfit("not the JSON protocol with SigV4")
        if config.retries is None or config.retries.get("total_max_attempts") != 1:
            raise _Unfit("retries are on")
        self._client = client
        self._service = service
        self._parser = Parser()
        self._url = self._endpoint(next(iter(service.operation_names)))
        parts = urlsplit(self._url)
        if session._proxy_config.proxy_url_for(self._url):
            raise _Unfit("there is a proxy")
        if parts.query or parts.scheme not in ("http", "https"):
            raise _Unfit(f"the endpoint is {self._url}")
        pool = session._get_connection_manager(self._url, None).connection_from_url(self._url)
        session._setup_ssl_cert(pool, self._url, session._verify)
        self._connections = Connections(pool, self._url, config.read_timeout)
        self._start = f"POST {parts.path or '/'} HTTP/1.1\r\nAccept-Encoding: identity\r\n"
        self._host = {"Host": _host(parts)}  # else the signer works it out from the URL each time
        self._user_agent = str(config.user_agent)
        self._signer = client._request_signer

    def can(self, operation: str) -> bool:
        """Whether this operation is a plain one: a JSON body each way, signed, at the service's one address."""
        model = self._service.operation_model(operation)
        plain = not (
            model.has_streaming_input
            or model.has_streaming_output
            or model.has_event_stream_output
            or model.idempotent_members
            or model.endpoint
            or model.unsigned_payload
            or model.http_checksum
            or model.resolved_auth_type not in (None, "v4")
        )
        return plain and self._endpoint(operation) == self._url

    def method(self, operation: str) -> Method:
        """What `getattr(client, ...)` would be for this operation. Raises what that raises."""
        model = self._service.operation_model(operation)

        def request(params: Mapping[str, Any]) -> tuple[bytes, bytes]:
            return self._request(self._client._serializer.serialize_to_request(params, model))

        async def call(**params: Any) -> Mapping[str, Any]:
            if self._takes_long(params):
                head, body = await asyncio.get_running_loop().run_in_executor(None, request, params)
            else:
                head, body = request(params)
            return self._read(await self._connections.exchange(head, body), model)

        call.__name__ = operation
        return call

    def _endpoint(self, operation: str) -> str:
        model = self._service.operation_model(operation)
        context = {
            "client_region": self._client.meta.region_name,
            "client_config": self._client.meta.config,
            "has_streaming_input": False,
            "auth_type": model.resolved_auth_type,
            "unsigned_payload": None,
        }
        url, headers, properties = self._client._resolve_endpoint_ruleset(model, {}, context)
        if headers or set(properties or {}) - {"authSchemes"}:
            raise _Unfit(f"the endpoint wants headers or properties: {headers or properties}")
        request = {"url_path": "/", "query_string": "", "headers": {}}
        awsrequest.prepare_request_dict(request, endpoint_url=url)
        return str(request["url"])

    def _takes_long(self, params: Mapping[str, Any]) -> bool:
        """Whether a request is not made in microseconds: it carries a picture, or credentials must be renewed first."""
        if picture_bytes(params) > _LARGE:
            return True
        refresh_needed = getattr(self._signer._credentials, "refresh_needed", None)
        return refresh_needed is not None and bool(refresh_needed())

    def _request(self, serialized: dict[str, Any]) -> tuple[bytes, bytes]:
        """Head and body of the signed request."""
        body = serialized["body"]
        if isinstance(body, str):
            body = body.encode()
        request = SignedRequest(self._url, Headers(self._host | serialized["headers"]), body)
        self._auth().add_auth(request)
        lines = [self._start]
        lines += [f"{name}: {_text(value)}\r\n" for name, value in request.headers.items()]
        lines.append(
            f"User-Agent: {self._user_agent}\r\namz-sdk-invocation-id: {UUID(int=getrandbits(128), version=4)}\r\n"
            f"amz-sdk-request: attempt=1; max=1\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return "".join(lines).encode("latin-1"), body

    def _auth(self) -> Signer:
        signer = self._signer  # each time: credentials may have been renewed
        try:
            credentials = signer._credentials and signer._credentials.get_frozen_credentials()
        except (OSError, ValueError, KeyError, TypeError) as error:  # of a credential_process that breaks its rules
            said = f"{type(error).__name__}: {error}"
            raise CredentialRetrievalError(provider="credentials", error_msg=said) from error
        return Signer(credentials, signer._signing_name, signer._region_name)

    def _read(self, answer: HttpAnswer, model: Any) -> Mapping[str, Any]:
        parsed: dict[str, Any] = self._parser.parse(
            {
                "headers": answer.headers,
                "status_code": answer.status,
                "body": answer.body,
                "context": {"operation_name": model.name},
            },
            model.output_shape,
        )
        about = parsed.setdefault("ResponseMetadata", {})
        about["RetryAttempts"] = 0
        if not answer.body.startswith(b"{"):  # no JSON: whoever looks at it must see what it was instead
            about["Sample"] = answer.body[:_SAMPLE].decode(errors="replace")
        if answer.status >= 300:
            info = parsed.get("Error", {})
            code = info.get("QueryErrorCode") or info.get("Code")
            raise self._client.exceptions.from_code(code)(parsed, model.name)
        return parsed


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _host(parts: Any) -> str:
    standard = {"http": 80, "https": 443}[parts.scheme]
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return name if parts.port in (None, standard) else f"{name}:{parts.port}"
