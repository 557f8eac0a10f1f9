"""HTTP/1.1 on asyncio and httptools: requests in, answers out, and the misbehaviour that tests ask for.

Own code rather than a framework for two reasons: resets, hangs and cut bodies need the transport, and the fixed
engine must never be what a benchmark measures. One rule: whatever a client sends, memory and time stay bounded.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httptools

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024  # two 5 MB images in base64, and the rest of a CompareFaces request
MAX_WAITING = 32  # requests sent ahead on one connection
IDLE_SECONDS = 600.0
# A refused client may finish sending, so that it reads why; but not for long.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
DISCARD_SECONDS = 2.0


@dataclass(slots=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    arrived: float


@dataclass(slots=True)
class Response:
    """`mischief` is None or one of reset, hang, truncate; `not_before` a loop time the answer waits for."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    not_before: float = 0.0
    mischief: str | None = None
    close: bool = False


Handler = Callable[[Request], Response | Awaitable[Response]]
Refuse = Callable[[int, str], Response]


@dataclass(slots=True, eq=False)
class Listener:
    """What all connections share."""

    handle: Handler
    refuse: Refuse
    loop: asyncio.AbstractEventLoop
    connections: set[Connection] = field(default_factory=set)
    request_seconds: float = 60.0  # from first byte to last; a slower client is cut off
    max_buffered: int = 512 * 1024 * 1024  # bodies being read or worked on, over all connections
    buffered: int = 0

    def sweep(self) -> None:
        """Cut off requests that do not finish and connections that do nothing."""
        now = self.loop.time()
        for connection in [c for c in self.connections if c.deadline < now]:
            connection.abort()


class Connection(asyncio.Protocol):
    """One client connection; requests on it are answered in order, one at a time."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.loop = listener.loop
        self.deadline = self.loop.time() + IDLE_SECONDS
        self.parser: Any = httptools.HttpRequestParser(self)
        self.transport: Any = None
        self.waiting: deque[tuple[Request, bool]] = deque()
        self.busy = False
        self.refused = False
        self.working = 0
        self.in_head = self.began = False
        self.discarded = 0
        self._reset()

    def _reset(self) -> None:
        self.target = b""
        self.headers: dict[str, str] = {}
        self.head_bytes = 0
        self.head_fed = 0
        self.chunks: list[bytes] = []
        self.size = 0

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.listener.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.listener.connections.discard(self)
        # What is being worked on stays counted until its answer is thrown away.
        self._release(self.size + sum(len(request.body) for request, _ in self.waiting))
        self.size = 0
        self.waiting.clear()
        self.transport = None

    def data_received(self, data: bytes) -> None:
        if self.refused:
            self.discarded += len(data)
            if self.discarded > MAX_DISCARDED_BYTES:
                self.abort()
            return
        self.began = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "SerializationException")
        except httptools.HttpParserError:
            if not self.refused:
                self._refuse(400, "SerializationException")
        else:
            if (
                self.in_head and not self.began and not self.refused
            ):  # a head that does not end: the parser keeps what it was fed
                self.head_fed += len(data)
                if self.head_fed > MAX_HEADER_BYTES:
                    self._refuse(400, "RequestHeaderSectionTooLarge")

    # httptools' side

    def on_message_begin(self) -> None:
        self._reset()
        self.in_head = self.began = True
        self.deadline = self.loop.time() + self.listener.request_seconds

    def on_url(self, url: bytes) -> None:
        self.target += url
        self.head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head_bytes += len(name) + len(value) + len(": \r\n")
        if self.head_bytes <= MAX_HEADER_BYTES:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.in_head = False
        length = self.headers.get("content-length", "0")
        announced = int(length) if length.isascii() and length.isdigit() else 0
        if self.head_bytes > MAX_HEADER_BYTES:
            self._refuse(400, "RequestHeaderSectionTooLarge")
        elif announced > MAX_BODY_BYTES:
            self._refuse(413, "RequestEntityTooLargeException")
        elif announced + self.listener.buffered > self.listener.max_buffered:
            self._refuse(400, "ThrottlingException")
        elif self.headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self.refused:
            return
        self.size += len(body)
        self.listener.buffered += len(body)
        self.chunks.append(body)
        if self.size > MAX_BODY_BYTES:
            self._refuse(413, "RequestEntityTooLargeException")
        elif self.listener.buffered > self.listener.max_buffered:
            self._refuse(400, "ThrottlingException")

    def on_message_complete(self) -> None:
        if self.refused or self.transport is None:
            return
        body = self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)
        method = self.parser.get_method().decode("latin-1")
        request = Request(method, self.target.decode("latin-1"), self.headers, body, self.loop.time())
        self.waiting.append((request, self.parser.should_keep_alive()))
        if len(self.waiting) >= MAX_WAITING:
            self.transport.pause_reading()
        self._reset()
        self.deadline = float("inf")
        self._next()

    # answering

    def _next(self) -> None:
        if self.busy or not self.waiting or self.transport is None:
            return
        self.busy = True
        request, keep = self.waiting.popleft()
        if len(self.waiting) == MAX_WAITING - 1:
            self.transport.resume_reading()
        self.working = len(request.body)
        answer = self.listener.handle(request)
        if isinstance(answer, Response):
            self._schedule(answer, keep)
        else:
            task = asyncio.ensure_future(answer)
            task.add_done_callback(lambda done: None if done.cancelled() else self._schedule(done.result(), keep))

    def _schedule(self, response: Response, keep: bool) -> None:
        wait = response.not_before - self.loop.time() if response.not_before else 0.0
        if wait > 0:
            self.loop.call_later(wait, self._send, response, keep)
        else:
            self._send(response, keep)

    def _send(self, response: Response, keep: bool) -> None:
        self._release(self.working)
        self.working = 0
        if self.transport is None:
            return
        if response.mischief == "hang":
            return
        if response.mischief == "reset":
            self._reset_connection()
            return
        keep = keep and not response.close and response.mischief is None
        body = response.body if response.mischief != "truncate" else response.body[: len(response.body) // 2]
        self.transport.write(encode_head(response, keep) + body)
        if not keep:
            self.transport.close()
            return
        self.busy = False
        self.deadline = self.loop.time() + IDLE_SECONDS
        if self.waiting:
            self.loop.call_soon(self._next)  # not from here: a thousand waiting would be as many calls deep

    def _reset_connection(self) -> None:
        """Close so that the client reads ECONNRESET, not an orderly end."""
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _refuse(self, status: int, code: str) -> None:
        self.refused = True
        self._release(self.size)
        self.size, self.chunks = 0, []
        if self.transport is not None:
            response = self.listener.refuse(status, code)
            self.transport.write(encode_head(response, False) + response.body)
            self.deadline = self.loop.time() + DISCARD_SECONDS
            self.loop.call_later(DISCARD_SECONDS, self.abort)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _release(self, size: int) -> None:
        self.listener.buffered -= size


_REASONS = {status.value: status.phrase for status in HTTPStatus}
_date: tuple[int, str] = (0, "")


def http_date() -> str:
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)))
    return _date[1]


def encode_head(response: Response, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append(f"Content-Length: {len(response.body)}")
    lines.append(f"Date: {http_date()}")
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1", "replace")
