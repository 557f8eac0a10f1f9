"""Something in front of moto that answers as moto does not: knows its Regions, or less than AWS, or speaks TLS."""

import http.client
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]  # by their names in small letters

    @property
    def signed_for(self) -> str:
        """The Region of the signature."""
        return self.headers["authorization"].split("/")[2]


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    headers: dict[str, str] = field(default_factory=dict)


Rule = Callable[[Asked], Refusal | None]


@dataclass(frozen=True)
class Gateway:
    url: str
    asked: list[Asked]


@contextmanager
def s3_gateway(
    behind: str, rule: Rule = lambda asked: None, *, certificate: Path | None = None, drop: tuple[str, ...] = ()
) -> Iterator[Gateway]:
    """Passes on to the server at `behind` what `rule` does not refuse. `certificate`: with its key, for TLS; `drop`:
    headers that are not passed on, by their names in small letters."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            one = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
            asked.append(one)
            body = self.rfile.read(int(one.headers.get("content-length", 0)))
            if refusal := rule(one):
                page = f"<Error><Code>{refusal.code}</Code><Message>no</Message></Error>".encode()
                self.reply(refusal.status, refusal.headers, page)
                return
            server = http.client.HTTPConnection(urlsplit(behind).netloc)
            passed = {name: value for name, value in self.headers.items() if name.lower() not in drop}
            server.request(self.command, self.path, body, passed)
            response = server.getresponse()
            data = response.read()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _OWN}
            self.reply(response.status, kept, data, response.getheader("content-length"))
            server.close()

        def reply(self, status: int, headers: dict[str, str], body: bytes, length: str | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            head = self.command == "HEAD"
            self.send_header("Content-Length", (length or "0") if head else str(len(body)))
            self.end_headers()
            if not head:
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Gateway(f"{scheme}://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_OWN = ("content-length", "transfer-encoding", "connection", "date", "server")


def own_certificate(directory: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key in the same file."""
    key, certificate, both = directory / "key.pem", directory / "certificate.pem", directory / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
