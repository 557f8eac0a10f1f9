"""A server of bytes: whatever is asked, it sends what it was given, HTTP or not."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

Script = Callable[[], Iterable[bytes]]


class Serving:
    """Sends the same to every request, one connection after another, and closes it; or holds it until the client does.

    `reads`: what a request must end in; b"" is no more than its head. `slow`: a part each fiftieth of a second.
    """

    def __init__(
        self,
        answer: bytes | Script,
        certificate: Path | None = None,
        *,
        hold: bool = False,
        slow: bool = False,
        reads: bytes = b"}",
    ) -> None:
        self._script: Script = answer if callable(answer) else lambda: [answer]
        self._hold, self._slow, self._reads = hold, slow, reads
        self.connections = 0
        self.sent = 0  # bytes that the kernel took
        self.left = threading.Event()  # a client has closed its connection, or the server was ended
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Serving":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.left.set()
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError), self._wrapped(connection) as connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data or not data.endswith(self._reads):
            if not (more := connection.recv(65536)):
                break
            data += more
        try:
            for part in self._script():
                rest = memoryview(part)
                while rest:
                    sent = connection.send(rest)
                    self.sent += sent
                    rest = rest[sent:]
                if self._slow and self.left.wait(0.02):
                    return
            while self._hold and connection.recv(65536):
                pass
        finally:
            self.left.set()

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
