"""boto3's own calls, for where the lean way cannot be gone: in threads, and bounded as the lean ones are.

Rule: every wait has an end. Of an answer no more is read than one may be; a call that lasts for longer than it may is
given up, and its thread left behind until its server closes the connection or falls silent (boto3 has no other limit).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as UrllibReadTimeout

from jobs.aws.lean.answer import MOST_BYTES, CutOff, Malformed
from jobs.aws.lean.private_names import missing
from jobs.aws.lean.transport import whole_time


def picture_bytes(params: Mapping[str, Any]) -> int:
    """Of the pictures that a call carries itself."""
    pictures = (value.get("Bytes") for value in params.values() if isinstance(value, Mapping))
    return sum(len(data) for data in pictures if isinstance(data, bytes))


def bound_answers(client: Any) -> None:
    """Have the client read answers only up to what one may be, and tell those that are cut short."""
    if missing(client):
        return
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
    client.meta.events.register(event, partial(_send, client._endpoint.http_session), unique_id="rekscan-bounds")


def in_threads(client: Any, name: str, threads: Executor | None) -> Callable[..., Awaitable[Mapping[str, Any]]]:
    """The client's method, awaited. Raises what it raises, and ReadTimeoutError when the whole of it takes too long."""
    blocking: Callable[..., Mapping[str, Any]] = getattr(client, name)
    config = client.meta.config

    async def call(**params: Any) -> Mapping[str, Any]:
        most = config.connect_timeout + whole_time(config.read_timeout, picture_bytes(params) * 4 // 3)
        begun: list[float] = []  # not while it waits for a thread

        def run() -> Mapping[str, Any]:
            begun.append(time.monotonic())
            return blocking(**params)

        made = asyncio.get_running_loop().run_in_executor(threads, run)
        try:
            while (left := most - (time.monotonic() - begun[0]) if begun else most) > 0:
                if (await asyncio.wait({made}, timeout=left))[0]:
                    return made.result()
        finally:
            made.cancel()
        error = TimeoutError("the answer came too slowly to wait for its end")
        raise ReadTimeoutError(endpoint_url=client.meta.endpoint_url, error=error)

    call.__name__ = name
    return call


def _send(session: Any, request: Any, **_: Any) -> AWSResponse:
    request.stream_output = True  # else the session reads the answer whole, whatever its size
    answer = session.send(request)
    try:
        body = _body(answer)
    except Malformed as error:
        raise HTTPClientError(error=error) from error
    except UrllibReadTimeout as error:
        raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
    except (HTTPError, OSError, CutOff) as error:
        raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
    finally:
        answer.raw.release_conn()
    return AWSResponse(answer.url, answer.status_code, answer.headers, _Read(body))


def _body(answer: Any) -> bytes:
    body = bytearray()
    try:
        for part in answer.raw.stream(65536):
            body += part
            if len(body) > MOST_BYTES:
                raise Malformed(f"the answer has more than {MOST_BYTES:,} bytes")
    except BaseException:
        answer.raw.close()
        raise
    length = answer.headers.get("content-length", "")
    if length.isdigit() and len(body) < int(length):
        answer.raw.close()
        raise CutOff("the connection was closed before the answer was whole")
    return bytes(body)


class _Read:
    """A body that is here already, as AWSResponse reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
