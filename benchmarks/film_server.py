"""A stand-in for S3 that answers HEAD and ranged GETs for films and pictures from memory, in a process of its own."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from hashlib import md5
from http.server import BaseHTTPRequestHandler

from benchmarks.serving import served
from tests.support.films import box

MEDIA = 3_000_000  # bytes of each film
START = box("ftyp", b"isom\0\0\0\0isomavc1")
MEDIA_HEAD = (8 + MEDIA).to_bytes(4, "big") + b"mdat"


@dataclass(frozen=True, slots=True)
class Stored:
    """A film; between `head` and `tail` it has `media` bytes of nothing. A picture has a head alone."""

    head: bytes
    tail: bytes = b""
    media: int = MEDIA

    @property
    def size(self) -> int:
        return len(self.head) + self.media + len(self.tail)

    def span(self, first: int, last: int) -> bytes:
        before = self.head[first : last + 1]
        end = self.media + len(self.head)  # of what is before the tail
        after = self.tail[max(0, first - end) : max(0, last + 1 - end)]
        return before + bytes(min(last + 1, self.size) - first - len(before) - len(after)) + after


def film_server(find: Callable[[str], Stored], latency: float = 0.0) -> AbstractContextManager[str]:
    """Its URL. `find`: the film at a path; `latency`: seconds from a GET to its answer."""
    return served(partial(_handler, find, latency))


def _handler(find: Callable[[str], Stored], latency: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.begin(200, find(self.path).size)

        def do_GET(self) -> None:
            film = find(self.path)
            span = self.headers["range"]
            first, last = map(int, span.removeprefix("bytes=").split("-")) if span else (0, film.size - 1)
            data = film.span(first, last)
            time.sleep(latency)
            self.begin(
                206 if span else 200, len(data), f"bytes {first}-{first + len(data) - 1}/{film.size}" if span else ""
            )
            self.wfile.write(data)

        def begin(self, status: int, length: int, span: str = "") -> None:
            self.send_response(status)
            self.send_header("ETag", f'"{md5(self.path.encode()).hexdigest()}"')
            self.send_header("Content-Length", str(length))
            if span:
                self.send_header("Content-Range", span)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
