"""A network between two parts of a test that can fall silent or be cut, without either of them knowing."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Proxy:
    """Passes TCP connections on to a server (`redis://`, `http://` or `unix://`) until told otherwise.

    `silence`: connections, old and new, stay open and carry nothing, for ever, as when a firewall forgot them.
    `cut`: connections are reset, new ones refused. After either, `mend` lets new ones through.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._unix = parts.path if parts.scheme == "unix" else None
        self._server = (parts.hostname or "127.0.0.1", parts.port or 0)
        self._pairs: list[_Pair] = []
        self._lock = threading.Lock()
        self._silent = False
        self._listen(0)
        self.address = "{}:{}".format(*self._listener.getsockname())

    def silence(self) -> None:
        with self._lock:
            self._silent = True
            for pair in self._pairs:
                pair.dead = True

    def cut(self) -> None:
        self._unlisten()
        with self._lock:
            for pair in self._pairs:
                pair.reset()
            self._pairs.clear()

    def mend(self) -> None:
        with self._lock:
            self._silent = False
        if self._listener.fileno() < 0:
            self._listen(int(self.address.rpartition(":")[2]))

    def held(self) -> int:
        """Connections that are dead and that the client still holds open."""
        with self._lock:
            return sum(pair.dead and pair.open for pair in self._pairs)

    def close(self) -> None:
        self.cut()

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def _unlisten(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
        self._accepting.join()
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            with self._lock:
                pair = _Pair(client, server, dead=self._silent)
                self._pairs.append(pair)
            threading.Thread(target=pair.run, daemon=True).start()

    def _connect(self) -> socket.socket:
        if self._unix is None:
            return socket.create_connection(self._server)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._unix)
        return server


class _Pair:
    """One connection: bytes from either side go to the other. A dead one swallows them."""

    def __init__(self, client: socket.socket, server: socket.socket, *, dead: bool) -> None:
        self._client = client
        self._server = server
        self.dead = dead
        self.open = True

    def run(self) -> None:
        other = {self._client: self._server, self._server: self._client}
        try:
            while True:
                for side in select.select(list(other), [], [])[0]:
                    data = side.recv(65536)
                    if self.dead and data:
                        continue
                    if self.dead and side is self._server:
                        del other[side]  # its end reaches nobody either
                        continue
                    if not data:
                        return
                    other[side].sendall(data)
        except (OSError, ValueError):  # reset by either side, or by us
            return
        finally:
            self.open = False
            self._client.close()
            self._server.close()

    def reset(self) -> None:
        """End it as a router does that lost its state: no FIN, a RST."""
        for side in (self._client, self._server):
            with contextlib.suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                side.shutdown(socket.SHUT_RD)  # wakes the thread in select, which closes


@contextmanager
def proxy(url: str) -> Iterator[Proxy]:
    running = Proxy(url)
    try:
        yield running
    finally:
        running.close()
