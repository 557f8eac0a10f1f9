"""HTTP/1.1 over connections that botocore's own pool opens: one request, one answer, and botocore's exceptions.

Why: http.client and urllib3 spend 0.2 ms of CPU on what takes 0.03 ms, and want a thread for each call that waits.
Connecting (TLS, CA bundle, client certificate, socket options, timeouts) stays theirs, in a thread; then the event loop
reads and writes the socket. Rule: a connection is used again only after an answer that was read to its end, and no
exchange lasts for ever.
"""

import asyncio
import select
import socket
import ssl
from enum import IntEnum
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

from jobs.aws.lean.answer import AnswerReader, CutOff, HttpAnswer, Malformed

_CHUNK = 65536
# Seconds without traffic, after which a connection is not trusted: NATs and load balancers forget it without a word
# (the shortest usual one after 60), and a call sent into it would be maybe billed.
_STALE = 50.0
# Bytes a second that a request gets at least to be sent in: 7 MB (two pictures) within 15 minutes, after which AWS
# takes no signature.
_SLOWEST = 8192
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def whole_time(read_timeout: float, size: int) -> float:
    """Seconds from the first byte of a request of `size` bytes to the last of its answer, at most."""
    return 2 * read_timeout + size / _SLOWEST


class Connections:
    """Kept connections to one address. `pool`: a urllib3 connection pool, set up by botocore. For one event loop."""

    def __init__(self, pool: Any, url: str, read_timeout: float) -> None:
        self._pool = pool
        self._url = url
        self._read_timeout = read_timeout
        self._idle: list[_Connection] = []  # newest last

    async def exchange(self, head: bytes, body: bytes) -> HttpAnswer:
        """Send one request and read its answer. Raises botocore's exceptions."""
        connection = await self._connection()
        try:
            return await connection.exchange(head, body, self._read_timeout)
        except TimeoutError as error:
            self._forget()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, CutOff) as error:
            raise ConnectionClosedError(endpoint_url=self._url, error=error) from error
        except Malformed as error:
            raise HTTPClientError(error=error) from error
        finally:
            if connection.state is IDLE:
                self._idle.append(connection)
            else:
                connection.close()

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


class State(IntEnum):
    IDLE = 0  # open, nothing asked
    SENDING = 1  # a request, of which the socket has not taken all
    WAITING = 2  # the request is sent, nothing has come
    READING = 3  # an answer has begun; the request may not be sent to its end
    CLOSED = 4


IDLE, SENDING, WAITING, READING, CLOSED = State  # Python 3.11 looks `State.IDLE` up at half a microsecond
_AFTER = (  # by state
    (SENDING, CLOSED),
    (WAITING, READING, CLOSED),
    (READING, CLOSED),
    (IDLE, CLOSED),
    (),
)


class _Connection:
    """One connection on the event loop; `opened`: urllib3's, connected, its socket non-blocking (plain or TLS)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, opened: Any) -> None:
        self.sock = opened.sock
        self.state = IDLE
        self._opened = opened
        self._loop = loop
        self._tls = isinstance(self.sock, ssl.SSLSocket)
        self._answer: asyncio.Future[HttpAnswer] = loop.create_future()
        self._reader = AnswerReader()
        self._unsent = memoryview(b"")
        self._waits_to_write = False
        self._heard = self._deadline = loop.time()  # the last sign of life, and when this exchange must be over
        self._timer: asyncio.TimerHandle | None = None
        self._fd = self.sock.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        loop.add_reader(self._fd, self._readable)

    async def exchange(self, head: bytes, body: bytes, timeout: float) -> HttpAnswer:
        """The answer; the connection is then idle or closed. `timeout`: seconds without a byte either way.

        Raises TimeoutError, OSError, Cut or Refused.
        """
        self._to(SENDING)
        self._answer = self._loop.create_future()
        self._reader.begin()
        self._unsent = memoryview(head + body)
        self._heard = self._loop.time()
        self._deadline = self._heard + whole_time(timeout, len(self._unsent))
        if self._timer is None:  # else that of an earlier request still runs, and sees this one
            self._timer = self._loop.call_later(timeout, self._watch, timeout)
        self._writable()
        return await self._answer

    def over(self) -> bool:
        """Whether the server has closed it, says what nobody asked for, or may have been lost on the way."""
        stale = self._loop.time() - self._heard > _STALE
        return self.state is CLOSED or stale or bool(self._poll.poll(0))

    def close(self) -> None:
        if self.state is CLOSED:
            return
        self._to(CLOSED)
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._opened.close()
        if self._timer is not None:
            self._timer.cancel()

    def _to(self, state: State) -> None:
        if state not in _AFTER[self.state]:
            raise RuntimeError(f"a connection that is {self.state.name} cannot be {state.name}")
        self.state = state

    def _watch(self, timeout: float) -> None:
        self._timer = None
        if self.state is IDLE:
            return
        now = self._loop.time()
        left = min(self._heard + timeout, self._deadline) - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._watch, timeout)
        elif now >= self._deadline:
            self._fail(TimeoutError("the answer came too slowly to wait for its end"))
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
        except BrokenPipeError:
            pass  # the server takes no more of it, and may have answered why
        except OSError as error:
            self._fail(error)
            return
        if self._waits_to_write:
            self._loop.remove_writer(self._fd)
            self._waits_to_write = False
        if self.state is SENDING:
            self._to(WAITING)

    def _readable(self) -> None:
        if self.state is IDLE:
            self.close()  # the server ends it, or says what nobody asked for
            return
        try:
            answer = self._read()
        except _NOT_NOW:
            return
        except Exception as error:
            self._fail(error)
            return
        if answer is not None:
            self._done(answer)

    def _read(self) -> HttpAnswer | None:
        """What there is now. TLS may hold more of it than the socket shows."""
        while True:
            data = self.sock.recv(_CHUNK)
            self._heard = self._loop.time()
            if not data:
                return self._reader.end()
            if self.state is not READING:
                self._to(READING)
            answer = self._reader.feed(data)
            if answer is not None or not (self._tls and self.sock.pending()):
                return answer

    def _done(self, answer: HttpAnswer) -> None:
        if self._reader.keep and not self._unsent:
            self._to(IDLE)
        else:
            self.close()
        if not self._answer.done():
            self._answer.set_result(answer)

    def _fail(self, error: Exception) -> None:
        self.close()
        if not self._answer.done():
            self._answer.set_exception(error)
