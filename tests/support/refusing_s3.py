"""An S3 server that gives some objects and refuses others, each with its own code and text."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

MODIFIED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)  # of every object
Refusal = tuple[int, str, str]  # status, code, message


@contextmanager
def refusing_s3(objects: Mapping[str, bytes | Refusal], *, etag: str | None = None) -> Iterator[str]:
    """Its URL. `objects`: by "bucket/key"; what is not there is in a bucket that is not there. May change meanwhile.
    `etag`: of every object, as some gateways have it; else each has its own. If-Match is kept to.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            found = objects.get(unquote(urlsplit(self.path).path).lstrip("/"), (404, "NoSuchBucket", "no such bucket"))
            status, data = 200, found if isinstance(found, bytes) else b""
            if not isinstance(found, bytes):
                status, code, message = found
                data = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            tag = f'"{etag or hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
            if self.headers.get("If-Match", tag) != tag:
                status, data = 412, b"<Error><Code>PreconditionFailed</Code></Error>"
            whole, wanted = len(data), self.headers.get("Range")
            if wanted and status == 200:  # "bytes=0-65535", as heads are asked for
                status, data = 206, data[: int(wanted.rpartition("-")[2]) + 1]
            self.send_response(status)
            if status == 206:
                self.send_header("Content-Range", f"bytes 0-{len(data) - 1}/{whole}")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", format_datetime(MODIFIED, usegmt=True))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
