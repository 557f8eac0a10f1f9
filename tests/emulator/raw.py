"""HTTP without an SDK: for requests no SDK would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3

CONTENT_TYPE = "application/x-amz-json-1.1"
POOL = urllib3.PoolManager(retries=False, maxsize=4)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.document["__type"])

    @property
    def message(self) -> str:
        return str(self.document["Message"])


def post(url: str, operation: str | None, body: Any, **headers: str) -> Answer:
    """`body` as it is when bytes or text, else as JSON; a header is left out by giving it as empty."""
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    sent = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": f"RekognitionService.{operation}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in sent.items() if value}
    answer = POOL.request("POST", url, body=content, headers=sent)
    return Answer(answer.status, answer.headers, answer.data)


def get(url: str) -> Answer:
    answer = POOL.request("GET", url)
    return Answer(answer.status, answer.headers, answer.data)


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=60)


def conversation(url: str, data: bytes) -> bytes:
    """Everything the server says to these bytes until it closes the connection."""
    with connect(url) as line:
        line.sendall(data)
        heard = b""
        while chunk := line.recv(65536):
            heard += chunk
        return heard
