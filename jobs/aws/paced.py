"""boto3's answers, bounded: one that comes too slowly is given up, however steadily it drips.

Rule: only what is waited for the server counts: twice the read timeout, and a second for each 8 KiB it sent. Whoever
reads may take its time. botocore itself has no other limit than silence.
"""

import io
import time
from http.client import HTTPException, HTTPResponse
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from jobs.aws.lean.private_names import missing

_SLOWEST = 8192  # bytes a second
_HEAD = 1 << 18  # bytes of status lines and headers, those of interim answers (100 Continue) among them


def pace(client: Any) -> None:
    """Bound all answers that a client will get."""
    if not missing(client):
        client._endpoint.http_session._pool_classes_by_scheme.update({"http": _Pool, "https": _TlsPool})


class _Waiting(io.RawIOBase):
    """The bytes of one answer."""

    def __init__(self, raw: io.RawIOBase, silence: float) -> None:
        super().__init__()
        self._raw = raw
        self._most = 2 * silence
        self._waited = 0.0
        self._got = 0
        self.head_is_read = False

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any, /) -> int | None:
        before = time.monotonic()
        count: int | None = self._raw.readinto(buffer)
        self._waited += time.monotonic() - before
        self._got += count or 0
        if not self.head_is_read and self._got > _HEAD:
            raise HTTPException(f"the answer has no end of headers within {_HEAD:,} bytes")
        if self._waited > self._most + self._got / _SLOWEST:
            raise TimeoutError("the answer came too slowly to wait for its end")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._waiting: _Waiting | None = None
        if (silence := sock.gettimeout()) is not None:
            self._waiting = _Waiting(self.fp.detach(), silence)
            self.fp = io.BufferedReader(self._waiting, 1 << 16)

    def begin(self) -> None:
        super().begin()
        if self._waiting is not None:
            self._waiting.head_is_read = True


class _Prompt:
    """A connection that sends what it has at once. Where botocore says `Expect: 100-continue` (files that are uploaded)
    it reads the answer itself, without a limit, and for ever where the server leaves in the middle of it."""

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, *more: Any, **options: Any) -> Any:
        plain = {name: value for name, value in (headers or {}).items() if name.lower() != "expect"}
        return super().request(method, url, body, plain, *more, **options)  # type: ignore[misc]


class _Connection(_Prompt, AWSHTTPConnection):  # type: ignore[misc]
    response_class = _Response


class _TlsConnection(_Prompt, AWSHTTPSConnection):  # type: ignore[misc]
    response_class = _Response


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Connection


class _TlsPool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _TlsConnection
