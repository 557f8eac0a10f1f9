"""HTTP/1.1 over the connections of botocore's own pool: one request, one answer, and botocore's exceptions.

Why: http.client and urllib3 spend 0.2 ms of CPU on what takes 0.03 ms. Connecting (TLS, CA bundle, client certificate,
socket options, timeouts) stays theirs. Rule: a connection is used again only after an answer that was read to its end.
"""

import socket
import ssl
from collections.abc import Mapping
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
from urllib3.util.wait import wait_for_read

_CHUNK = 65536
_MOST_HEAD = 65536  # bytes of status line and headers


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class _Cut(Exception):
    """The server closed the connection before the answer was whole."""


class Connections:
    """Kept connections to one address. `pool`: a urllib3 connection pool, set up by botocore. Thread-safe."""

    def __init__(self, pool: Any, url: str, read_timeout: float) -> None:
        self._pool = pool
        self._url = url
        self._read_timeout = read_timeout
        self._idle: list[Any] = []  # newest last; append and pop are atomic

    def exchange(self, head: bytes, body: bytes) -> Answer:
        """Send one request and read its answer. Raises botocore's exceptions."""
        connection = self._connection()
        keep = False
        try:
            sock = connection.sock
            if len(body) > _CHUNK:
                sock.sendall(head)
                sock.sendall(body)
            else:
                sock.sendall(head + body)
            answer, keep = _Reader(sock).answer()
        except TimeoutError as error:
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

    def _connection(self) -> Any:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if not wait_for_read(connection.sock, timeout=0.0):
                return connection
            connection.close()  # the server closed it meanwhile
        connection = self._pool._new_conn()
        try:
            self._connect(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, connection: Any) -> None:
        try:
            connection.connect()
            connection.sock.settimeout(self._read_timeout)
        except (NewConnectionError, socket.gaierror) as error:  # NewConnectionError is an UrllibConnectTimeout
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        except UrllibConnectTimeout as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except (ssl.SSLError, CertificateError) as error:
            raise SSLError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPError) as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error


class _Reader:
    """Reads one answer from a socket. Raises _Cut, OSError, or ValueError for what is not HTTP."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._data = b""

    def answer(self) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        while True:
            status, version, headers = self._head()
            if status >= 200 or status == 101:
                break
        keep = version == b"HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body, whole = self._chunks()
        elif status in (204, 304):
            body, whole = b"", True
        elif (length := headers.get("content-length")) is not None:
            body = self._take(int(length))
            whole = len(body) == int(length)
        else:
            body, whole = self._rest(), False
        return Answer(status, headers, body), keep and whole and not self._data

    def _head(self) -> tuple[int, bytes, dict[str, str]]:
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if len(self._data) > _MOST_HEAD:
                raise ValueError("the answer's headers do not end")
            if not self._more():
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

    def _more(self) -> bool:
        data = self._sock.recv(_CHUNK)
        self._data += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        """`size` bytes, or less when the connection ends before: botocore reads such a body as it is."""
        parts, got = [self._data[:size]], min(size, len(self._data))
        self._data = self._data[size:]
        while got < size:
            data = self._sock.recv(min(size - got, 1 << 20))
            if not data:
                break
            parts.append(data)
            got += len(data)
        return b"".join(parts)

    def _rest(self) -> bytes:
        while self._more():
            pass
        data, self._data = self._data, b""
        return data

    def _line(self) -> bytes | None:
        while (end := self._data.find(b"\r\n")) < 0:
            if len(self._data) > _MOST_HEAD:
                raise ValueError("a chunk's size does not end")
            if not self._more():
                return None
        line, self._data = self._data[:end], self._data[end + 2 :]
        return line

    def _chunks(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        while (line := self._line()) is not None:
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                while line := self._line():  # trailers
                    pass
                return b"".join(parts), line is not None
            data = self._take(size)
            parts.append(data)
            if len(data) < size or self._take(2) != b"\r\n":
                break
        return b"".join(parts), False
