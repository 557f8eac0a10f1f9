"""HTTP/1.1 over connections that botocore's own pool opens: one request, one answer, and botocore's exceptions.

Why: http.client and urllib3 spend 0.2 ms of CPU on what takes 0.03 ms, and want a thread for each call that waits.
Connecting (TLS, CA bundle, client certificate, socket options, timeouts) stays theirs, in a thread; then the event loop
reads and writes the socket. Rule: a connection is used again only after an answer that was read to its end.
"""

import asyncio
import select
import socket
import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import ConnectTimeoutError as UrllibConnectTimeout
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.ssl_match_hostname import CertificateError

_CHUNK = 65536
_MOST_HEAD = 65536  # bytes of status line and headers
# Seconds without traffic, after which a connection is not trusted: NATs and load balancers forget it without a word
# (the shortest usual one after 60), and a call sent into it would be maybe billed.
_STALE = 50.0
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class _Cut(Exception):
    """The server closed the connection before the answer was whole."""


class Connections:
    """Kept connections to one address. `pool`: a urllib3 connection pool, set up by botocore. For one event loop."""

    def __init__(self, pool: Any, url: str, read_timeout: float) -> None:
        self._pool = pool
        self._url = url
        self._read_timeout = read_timeout
        self._idle: list[_Connection] = []  # newest last

    async def exchange(self, head: bytes, body: bytes) -> Answer:
        """Send one request and read its answer. Raises botocore's exceptions."""
        connection = await self._connection()
        keep = False
        try:
            answer, keep = await connection.exchange(head, body, self._read_timeout)
        except TimeoutError as error:
            self._forget()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, _Cut) as error:
            raise ConnectionClosedError(endpoint_url=self._url, error=error) from error
        except ValueError as error:
            raise HTTPClientError(error=error) from error
        finally:
            if keep:
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    async def _connection(self) -> "_Connection":
        while self._idle:
            connection = self._idle.pop()
            if not connection.over():
                return connection
            connection.close()
        loop = asyncio.get_running_loop()
        return _Connection(loop, await loop.run_in_executor(None, self._opened))

    def _opened(self) -> Any:
        connection = self._pool._new_conn()
        try:
            self._connect(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _forget(self) -> None:
        """Close the idle connections: what silenced one may have silenced them, and a call has few tries."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self, connection: Any) -> None:
        try:
            connection.connect()
            connection.sock.setblocking(False)
        except (NewConnectionError, socket.gaierror) as error:  # NewConnectionError is an UrllibConnectTimeout
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        except UrllibConnectTimeout as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except (ssl.SSLError, CertificateError) as error:
            raise SSLError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPError) as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error


class _Connection:
    """One connection on the event loop; `opened`: urllib3's, connected, its socket non-blocking (plain or TLS)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, opened: Any) -> None:
        self.sock = opened.sock
        self._opened = opened
        self._loop = loop
        self._answer: asyncio.Future[tuple[Answer, bool]] | None = None
        self._reading: Generator[None, bytes, tuple[Answer, bool]] | None = None
        self._unsent = memoryview(b"")
        self._waits_to_write = False
        self._heard = loop.time()  # the last sign of life
        self._timer: asyncio.TimerHandle | None = None
        self._fd = self.sock.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        loop.add_reader(self._fd, self._readable)

    async def exchange(self, head: bytes, body: bytes, timeout: float) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again. `timeout`: seconds without a byte either way.

        Raises TimeoutError, OSError, _Cut, or ValueError for what is not HTTP.
        """
        answer: asyncio.Future[tuple[Answer, bool]] = self._loop.create_future()
        self._answer = answer
        self._reading = _Reader().answer()
        next(self._reading)
        self._unsent = memoryview(head + body)
        self._heard = self._loop.time()
        if self._timer is None:  # else that of an earlier request still runs, and sees this one
            self._timer = self._loop.call_later(timeout, self._watch, timeout)
        self._writable()
        try:
            return await answer
        finally:
            self._answer = None

    def over(self) -> bool:
        """Whether the server has closed it, says what nobody asked for, or may have been lost on the way."""
        stale = self._loop.time() - self._heard > _STALE
        return self._fd < 0 or stale or bool(self._poll.poll(0))

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._fd = -1
            self._opened.close()
            if self._timer is not None:
                self._timer.cancel()

    def _watch(self, timeout: float) -> None:
        self._timer = None
        if self._answer is None:
            return
        left = self._heard + timeout - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._watch, timeout)
        else:
            self._fail(TimeoutError(f"no byte for {timeout:g} seconds"))

    def _writable(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self.sock.send(self._unsent[: 1 << 20]) :]
                self._heard = self._loop.time()
        except _NOT_NOW:
            self._loop.add_writer(self._fd, self._writable)
            self._waits_to_write = True
            return
        except OSError as error:
            self._fail(error)
        if self._waits_to_write:
            self._loop.remove_writer(self._fd)
            self._waits_to_write = False

    def _readable(self) -> None:
        if self._answer is None or self._reading is None:
            self.close()  # idle: the server ends it
            return
        try:
            while True:
                data = self.sock.recv(_CHUNK)
                self._heard = self._loop.time()
                self._reading.send(data)
                if len(data) < _CHUNK and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
                    return
        except _NOT_NOW:
            return
        except StopIteration as done:
            if not self._answer.done():
                self._answer.set_result(done.value)
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class _Reader:
    """Reads one answer. Its generators stop at `yield` for more bytes (empty: the connection was closed).

    Raises _Cut, or ValueError for what is not HTTP.
    """

    def __init__(self) -> None:
        self._data = b""

    def answer(self) -> Generator[None, bytes, tuple[Answer, bool]]:
        """The answer, and whether the connection can be used again."""
        while True:
            status, version, headers = yield from self._head()
            if status >= 200 or status == 101:
                break
        keep = version == b"HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body, whole = yield from self._chunks()
        elif status in (204, 304):
            body, whole = b"", True
        elif (length := headers.get("content-length")) is not None:
            body = yield from self._take(int(length))
            whole = len(body) == int(length)
        else:
            body, whole = (yield from self._rest()), False
        return Answer(status, headers, body), keep and whole and not self._data

    def _head(self) -> Generator[None, bytes, tuple[int, bytes, dict[str, str]]]:
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if len(self._data) > _MOST_HEAD:
                raise ValueError("the answer's headers do not end")
            if not (yield from self._more()):
                raise _Cut("the connection was closed without an answer")
        lines = self._data[:end].split(b"\r\n")
        self._data = self._data[end + 4 :]
        version, status, *_ = lines[0].split(b" ", 2)
        if not version.startswith(b"HTTP/1."):
            raise ValueError("the answer is not HTTP")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            raw_name, _, raw_value = line.partition(b":")
            name, value = raw_name.decode("latin-1").lower(), raw_value.strip().decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return int(status), version, headers

    def _more(self) -> Generator[None, bytes, bool]:
        data = yield
        self._data += data
        return bool(data)

    def _take(self, size: int) -> Generator[None, bytes, bytes]:
        """`size` bytes, or less when the connection ends before: botocore reads such a body as it is."""
        parts, got = [self._data[:size]], min(size, len(self._data))
        self._data = self._data[size:]
        while got < size:
            data = yield
            if not data:
                break
            parts.append(data[: size - got])
            self._data = data[size - got :]
            got += len(parts[-1])
        return b"".join(parts)

    def _rest(self) -> Generator[None, bytes, bytes]:
        while (yield from self._more()):
            pass
        data, self._data = self._data, b""
        return data

    def _line(self) -> Generator[None, bytes, bytes | None]:
        while (end := self._data.find(b"\r\n")) < 0:
            if len(self._data) > _MOST_HEAD:
                raise ValueError("a chunk's size does not end")
            if not (yield from self._more()):
                return None
        line, self._data = self._data[:end], self._data[end + 2 :]
        return line

    def _chunks(self) -> Generator[None, bytes, tuple[bytes, bool]]:
        parts: list[bytes] = []
        while (line := (yield from self._line())) is not None:
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                while line := (yield from self._line()):  # trailers
                    pass
                return b"".join(parts), line is not None
            data = yield from self._take(size)
            parts.append(data)
            if len(data) < size or (yield from self._take(2)) != b"\r\n":
                break
        return b"".join(parts), False
