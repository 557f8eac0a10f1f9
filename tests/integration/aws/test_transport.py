"""Servers that send what is no answer, one without end, or one too slowly: each call ends, and is maybe billed."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from urllib3.util.wait import wait_for_read

from jobs.aws.faults import Kind
from jobs.aws.lean.methods import Wire
from jobs.aws.lean.transport import READING, whole_time
from tests.support.lean import IMAGE, called, client, outcome
from tests.support.raw_server import Serving
from tests.support.scans import emulator

HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LABELS = b'{"Labels":[]}'
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
FOR_EVER = 600.0  # seconds: a call that waits for silence outlasts the test's own time limit


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: -3\r\n\r\n" + LABELS,
        HEAD + b"Content-Length: 1_3\r\n\r\n" + LABELS,
        HEAD + b"Content-Length: 13\r\nContent-Length: 15\r\n\r\n" + LABELS,
        HEAD + b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + LABELS,
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 13\r\n\r\n" + LABELS,
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"1_0\r\n" + bytes(16),
        CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2\r\n{}x",
        CHUNKED + b"2;" + b"x" * 140_000,
        CHUNKED + b"0\r\nX: " + b"x" * 140_000,
        HEAD + b"X: " + b"x" * 70_000,
        HEAD + b"X: y\r\n" * 12_000,
        LENGTH % (1 << 30),
        INTERIM * 3_000,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 13\r\n\r\n" + LABELS,
        b"HTTP/1.1 000 OK\r\nContent-Length: 13\r\n\r\n" + LABELS,
        b"\r\n" * 40_000,
    ],
    ids=[
        "length -3", "length 1_3", "two lengths", "length and chunks", "chunks and length", "gzip",
        "chunk -2", "chunk 1_0", "chunk 0x2", "chunk too long", "chunk's extension", "trailer",
        "long header", "many headers", "1 GiB announced", "interim answers", "another protocol", "HTTP/2", "status 0",
        "empty lines",
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_refused_at_once_and_maybe_billed(answer: bytes) -> None:
    """The server holds its connection: nothing but the refusal ends the call."""
    with Serving(answer, hold=True) as serving:
        found = outcome(called(client(serving.url, FOR_EVER)), Image=IMAGE)
        assert serving.left.wait(20), "the connection is closed"
    assert found[:2] == ("HTTPClientError", Kind.UNKNOWN)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        INTERIM,
        HEAD + b"Content-Le",
        LENGTH % 14 + LABELS,
        CHUNKED + b"d\r\n" + LABELS + b"\r\n",
        CHUNKED + b"d\r\n{",
    ],
    ids=["nothing", "interim alone", "in its head", "in its body", "between chunks", "in a chunk"],
)
def test_what_is_cut_short_is_told_and_maybe_billed(answer: bytes) -> None:
    with Serving(answer) as serving:
        found = outcome(called(client(serving.url, FOR_EVER)), Image=IMAGE)
    assert found[:2] == ("ConnectionClosedError", Kind.UNKNOWN)


def test_an_interim_answer_and_then_silence_is_a_read_timeout() -> None:
    with Serving(INTERIM, hold=True) as serving:
        assert outcome(called(client(serving.url, 0.3)), Image=IMAGE)[:2] == ("ReadTimeoutError", Kind.UNKNOWN)


@pytest.mark.parametrize("way", ["lean", "boto3"])
@pytest.mark.parametrize(
    "start", [HEAD + b"\r\n", LENGTH % (1 << 30), CHUNKED + b"40000000\r\n"], ids=["to the end", "length", "chunk"]
)
def test_an_answer_without_end_is_read_to_16_megabytes(start: bytes, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent beyond lies in the buffers of the kernel."""
    monkeypatch.setenv("REKSCAN_WIRE", way)
    gigabyte = [start, *repeat(bytes(1 << 20), 1 << 10)]
    with Serving(lambda: gigabyte) as serving:
        found = outcome(called(client(serving.url, FOR_EVER)), Image=IMAGE)
        assert serving.left.wait(20), "the connection is closed"
        assert serving.sent < 32 << 20
    assert found[:2] == ("HTTPClientError", Kind.UNKNOWN)


@pytest.mark.parametrize("way", ["lean", "boto3"])
@pytest.mark.parametrize(
    "answer",
    [
        [LENGTH % 1_000_000, *repeat(b" ", 10_000)],
        [CHUNKED, *repeat(b"1\r\n \r\n", 10_000)],
        [HEAD, *(b"X: y\r\n"[i : i + 1] for _ in range(2_000) for i in range(6))],
        [HEAD, *repeat(b"x", 10_000)],
        [*repeat(INTERIM, 10_000)],
    ],
    ids=["body", "chunks", "headers", "header", "interim"],
)
def test_an_answer_that_drips_ends(answer: list[bytes], way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKSCAN_WIRE", way)
    with Serving(lambda: answer, slow=True) as serving, ThreadPoolExecutor() as threads:
        found = outcome(called(client(serving.url, 0.3), threads=threads), Image=IMAGE)
        serving.left.set()  # boto3's thread stays until then
    assert found[:2] == ("ReadTimeoutError", Kind.UNKNOWN)


def test_a_request_gets_twice_the_read_timeout_and_the_time_to_be_sent() -> None:
    assert whole_time(60, 0) == 120
    assert whole_time(60, 7_000_000) < 1000


@pytest.mark.parametrize("more", [b"garbage", LENGTH % 13 + LABELS, b"\0"], ids=["garbage", "answer", "byte"])
def test_an_answer_with_something_behind_it_counts_and_its_connection_is_not_used_again(more: bytes) -> None:
    with Serving(LENGTH % 13 + LABELS + more, hold=True) as serving:
        wire = Wire(client(serving.url, FOR_EVER))
        assert called_once(wire)["Labels"] == []
        assert wire._connections._idle == []


def test_what_comes_on_an_idle_connection_is_nobodys_answer() -> None:
    go = threading.Event()

    def script() -> Iterator[bytes]:
        yield LENGTH % 13 + LABELS
        go.wait(20)
        yield LENGTH % 25 + b'{"Labels":[{"Name":"Dog"}]}'

    with Serving(script, hold=True) as serving:
        wire = Wire(client(serving.url, FOR_EVER))

        async def twice() -> None:
            call = wire.method("DetectLabels")
            for _ in range(2):
                assert (await call(Image=IMAGE))["Labels"] == []
                (kept,) = wire._connections._idle
                go.set()
                assert wait_for_read(kept.sock, timeout=20), "the server has said more"
                go.clear()

        asyncio.run(twice())
        assert serving.connections == 2


def test_an_answer_that_comes_before_the_request_is_sent_counts() -> None:
    body = b'{"__type":"ImageTooLargeException"}'
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    go = threading.Event()

    def script() -> Iterator[bytes]:
        yield answer
        go.wait(20)

    with Serving(script, reads=b"") as serving:
        wire = Wire(client(serving.url, FOR_EVER))
        found = outcome(lambda **arguments: called_once(wire, **arguments), Image={"Bytes": bytes(16_000_000)})
        go.set()
    assert found[2] == "ImageTooLargeException"
    assert wire._connections._idle == []


def called_once(wire: Wire, **arguments: Any) -> Any:
    async def once() -> Any:
        return await wire.method("DetectLabels")(**arguments or {"Image": IMAGE})

    return asyncio.run(once())


def test_a_connection_has_no_way_from_one_state_to_any_other() -> None:
    async def steps(wire: Wire) -> None:
        await wire.method("DetectLabels")(Image=IMAGE)
        (kept,) = wire._connections._idle
        with pytest.raises(RuntimeError, match="IDLE cannot be READING"):
            kept._to(READING)
        kept.close()
        kept.close()
        with pytest.raises(RuntimeError, match="CLOSED cannot be SENDING"):
            await kept.exchange(b"", b"", 1)

    with Serving(LENGTH % 13 + LABELS, hold=True) as serving:
        asyncio.run(steps(Wire(client(serving.url))))


def test_an_answer_cut_short_is_maybe_billed_whatever_its_status(tmp_path: Path) -> None:
    """boto3 makes of such a body an answer without members, or an error whose code is the status."""
    with emulator(tmp_path, "--fault", "DetectLabels:truncate:100%") as running:
        assert outcome(called(client(running.url)), Image=IMAGE)[:2] == ("ConnectionClosedError", Kind.UNKNOWN)
    with Serving(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 80\r\n\r\n{"__type":"Throttling') as serving:
        assert outcome(called(client(serving.url)), Image=IMAGE)[:2] == ("ConnectionClosedError", Kind.UNKNOWN)
