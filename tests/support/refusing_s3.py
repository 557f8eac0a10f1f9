"""An S3 server that gives some objects and refuses others, each with its own code and text."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

Refusal = tuple[int, str, str]  # status, code, message


@contextmanager
def refusing_s3(objects: Mapping[str, bytes | Refusal]) -> Iterator[str]:
    """Its URL. `objects`: by "bucket/key"; what is not there is in a bucket that is not there. May change meanwhile."""

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
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hash(data):x}"')
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
