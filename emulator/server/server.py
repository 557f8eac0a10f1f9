"""The endpoint: what happens to a request between the socket and the engine.

Stages: route -> operation -> signature -> quota -> validation -> count -> fault -> engine -> bill -> answer.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import orjson

from emulator.custom.versions import Versions
from emulator.errors import AwsError, OptionError
from emulator.operations import operation_of, registry
from emulator.operations.base import Operation, VersionOperation, VideoOperation
from emulator.server import protocol
from emulator.server.behaviour import FAIL, WIRE, Behaviour, Fault, parse_fault, parse_quotas
from emulator.server.connections import Request, Response
from emulator.server.counts import Counts, content_key
from emulator.server.doors import Doors, from_elsewhere, is_json
from emulator.server.signature import Verifier, key_of, region_of
from emulator.videos.videos import Videos

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class Engine(Protocol):
    """Answers a checked request: at once (fixed) or later (models). Its video jobs are in `videos`,
    its model versions in `versions`."""

    name: str
    videos: Videos
    versions: Versions

    @property
    def ready(self) -> bool: ...

    def answer(self, operation: Operation, request: dict[str, Any]) -> bytes | Awaitable[bytes]: ...


@dataclass(slots=True)
class Server:
    engine: Engine
    behaviour: Behaviour = field(default_factory=Behaviour)
    counts: Counts = field(default_factory=Counts)
    verifier: Verifier | None = None
    doors: Doors = field(default_factory=Doors)
    now: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)
    served: int = 0

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        if not self.doors.knows(request):
            return _stranger(request)
        path = urlsplit(request.target).path
        if path.startswith("/admin/"):
            return self._admin(path, request)
        if request.method == "GET":
            return self._status() if path == "/" else refuse(404, "UnknownOperationException")
        if request.method != "POST":
            return refuse(405, "UnknownOperationException")
        self.served += 1
        try:
            return self._call(request)
        except AwsError as failure:
            return protocol.error(failure, self._not_before(request))
        except Exception:
            return _bug()

    def _call(self, request: Request) -> Response | Awaitable[Response]:
        name = _operation_name(request)
        operation = registry().get(name)
        if self.verifier is not None:
            self.verifier.check(request)
        region = region_of(request)
        self.counts.keys[key_of(request)] += 1
        self._admit(name, region, request.arrived)
        arguments = protocol.parse(name, request.body)
        request.body = b""  # a waiting call holds its image once, not twice
        if operation is None:
            raise _not_emulated(name)
        operation.check(arguments)
        content = content_key(arguments, operation.images)
        self.counts.call(name, content, region)
        fault = self.behaviour.fault(name, content, region)
        if fault is not None and fault.what not in (*WIRE, FAIL):
            self.counts.error(name, fault.what)
            raise fault.error()
        not_before = self._not_before(request)
        if isinstance(operation, VideoOperation):
            fails = fault.message if fault is not None and fault.what == FAIL else None
            return self._video(operation, arguments, fails, not_before, fault)
        if isinstance(operation, VersionOperation):
            body = orjson.dumps(self._of_versions(operation, arguments))
            return _deliver(protocol.answer(body, not_before), fault, self.now())
        self._check_version(operation, arguments)
        answer = self.engine.answer(operation, arguments)
        if isinstance(answer, bytes):
            self.counts.bill(name, content, operation.meters(arguments), region)
            return _deliver(protocol.answer(answer, not_before), fault, self.now())
        return self._later(operation, arguments, content, region, answer, not_before, fault)

    def _of_versions(self, operation: VersionOperation, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return operation.answer(self.engine.versions, arguments)
        except AwsError as failure:
            self.counts.error(operation.name, failure.code)
            raise

    def _check_version(self, operation: Operation, arguments: dict[str, Any]) -> None:
        """Raises for a version that does not run, whatever engine would answer."""
        if operation.version:
            try:
                self.engine.versions.running(arguments[operation.version])
            except AwsError as failure:
                self.counts.error(operation.name, failure.code)
                raise

    async def _later(
        self,
        operation: Operation,
        arguments: dict[str, Any],
        content: str,
        region: str,
        answer: Awaitable[bytes],
        not_before: float,
        fault: Fault | None,
    ) -> Response:
        try:
            body = await answer
        except AwsError as failure:
            self.counts.error(operation.name, failure.code)
            return protocol.error(failure, not_before)
        except Exception:
            return _bug()
        self.counts.bill(operation.name, content, operation.meters(arguments), region)
        return _deliver(protocol.answer(body, not_before), fault, self.now())

    async def _video(
        self,
        operation: VideoOperation,
        arguments: dict[str, Any],
        fails: str | None,
        not_before: float,
        fault: Fault | None,
    ) -> Response:
        """A Start or a Get of stored video. Neither is billed: what jobs cost is asked of them."""
        try:
            body = orjson.dumps(await operation.answer(self.engine.videos, arguments, fails))
        except AwsError as failure:
            self.counts.error(operation.name, failure.code)
            return protocol.error(failure, not_before)
        except Exception:
            return _bug()
        return _deliver(protocol.answer(body, not_before), fault, self.now())

    def _admit(self, name: str, region: str, now: float) -> None:
        refusal = self.behaviour.quotas.refusal(name, now, region)
        self.counts.arrivals.note(name, now, refusal is None)
        if refusal is not None:
            self.counts.throttle(name)
            raise refusal

    def _not_before(self, request: Request) -> float:
        delay = self.behaviour.delay(self.served)
        return request.arrived + delay if delay else 0.0

    def _status(self) -> Response:
        document = {
            "service": "rekscan emulator",
            "ready": self.engine.ready,
            "engine": self.engine.name,
            "operations": sorted(registry()),
        }
        return _json(document, 200 if self.engine.ready else 503)

    def _admin(self, path: str, request: Request) -> Response:
        if request.method != "GET" and from_elsewhere(request):
            return _json({"error": "this comes from a page of another site"}, 403)
        if request.method == "POST" and not is_json(request):
            return _json({"error": "send Content-Type: application/json"}, 415)
        match request.method, path:
            case "GET", "/admin/counts":
                return _json(self.counts.document(*self.engine.videos.jobs.billed(), self.engine.versions.hours()))
            case "GET", "/admin/videos":
                return _json({"jobs": self.engine.videos.jobs.listing()})
            case "GET", "/admin/arrivals":
                wanted = parse_qs(urlsplit(request.target).query).get("operation", [None])[0]
                return _json({"arrivals": self.counts.arrivals.of(wanted)})
            case "POST", "/admin/reset":
                self.counts.reset()
                self.engine.videos.jobs.forget()
                self.engine.versions.forget()
                self.behaviour.forget()
                return _json({})
            case "POST", "/admin/faults":
                return self._set_faults(request)
            case "POST", "/admin/quotas":
                return self._set_quotas(request)
        return refuse(404, "UnknownOperationException")

    def _set_quotas(self, request: Request) -> Response:
        """Replace the quotas of a running server: a JSON list of what --quota takes."""
        try:
            rates = parse_quotas(_texts(request.body), 1.0, operation_of)
        except OptionError as failure:
            return _json({"error": str(failure)}, 400)
        self.behaviour.quotas.change(rates, self.now())
        return _json({"quotas": rates})

    def _set_faults(self, request: Request) -> Response:
        """Replace the faults of a running server: a JSON list of what --fault takes."""
        try:
            faults = [parse_fault(text, operation_of) for text in _texts(request.body)]
        except OptionError as failure:
            return _json({"error": str(failure)}, 400)
        self.behaviour.faults = faults
        self.behaviour.forget()
        return _json({"faults": len(faults)})


def _stranger(request: Request) -> Response:
    host = request.headers.get("host", "")[:200]
    text = f"{host} is no name of this emulator; --allow-host makes it one."
    return protocol.error(AwsError("AccessDeniedException", text, 403))


def _texts(body: bytes) -> list[str]:
    """The JSON list of texts an admin request brings."""
    try:
        texts = orjson.loads(body)
    except orjson.JSONDecodeError:
        texts = None
    if not isinstance(texts, list):
        raise OptionError('send a JSON list of what the option takes, as ["labels=50"]')
    return [str(text) for text in texts]


def _bug() -> Response:
    """A fault of ours, never of the request: shown in full on stderr, answered as AWS answers its own."""
    traceback.print_exc(file=sys.stderr)
    return protocol.error(AwsError("InternalServerError", "A bug in the emulator; see its log.", 500))


def refuse(status: int, code: str) -> Response:
    messages = {
        "RequestEntityTooLargeException": "Request size exceeded the limit.",
        "RequestHeaderSectionTooLarge": "The request headers are too large.",
        "ThrottlingException": "Slow down; too many bytes in flight.",
        "SerializationException": "The request is not HTTP this service understands.",
    }
    return protocol.error(AwsError(code, messages.get(code, "Unknown operation"), status))


def _operation_name(request: Request) -> str:
    target = request.headers.get("x-amz-target", "")
    name = target.removeprefix(protocol.TARGET_PREFIX)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != protocol.CONTENT_TYPE:
        raise AwsError("UnknownOperationException", f"Send Content-Type: {protocol.CONTENT_TYPE}", 404)
    if name == target or name not in protocol.operation_names():
        raise AwsError("UnknownOperationException", "X-Amz-Target names no operation of this service")
    return name


def _not_emulated(name: str) -> AwsError:
    """What AWS answers for a closed feature, saying whose doing it is."""
    return AwsError("AccessDeniedException", f"{name} is not emulated by the rekscan emulator.")


def _deliver(response: Response, fault: Fault | None, now: float) -> Response:
    """Let a fault on the wire have its way with an answer that was worked out, and so would be billed."""
    if fault is None or fault.what == FAIL:
        return response
    if fault.what == "html":
        response.status, response.body = fault.status, HTML
        response.headers = (("Content-Type", "text/html"),)
    elif fault.what == "slow":
        response.not_before = max(response.not_before, now + fault.seconds)
    else:
        response.mischief = fault.what
    return response


def _json(document: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(document), (("Content-Type", "application/json"),))
