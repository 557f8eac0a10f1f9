"""The bounds of the HTTP layer, on a listener of the test's own with small ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable

from emulator.server.connections import MAX_WAITING, Connection, Listener, Request, Response
from emulator.server.server import refuse


async def handled(request: Request) -> Response:
    await asyncio.sleep(0)
    return Response(200, b"%d" % len(request.body))


def test_thousands_of_requests_sent_ahead_are_answered_in_order() -> None:
    asyncio.run(_pipelined())


async def _pipelined() -> None:
    loop, gate, served = asyncio.get_running_loop(), asyncio.Event(), 0

    async def late() -> Response:
        await gate.wait()
        return Response(200, b"0")

    def handle(request: Request) -> Response | Awaitable[Response]:
        nonlocal served
        served += 1
        return late() if served == 1 else Response(200, request.target[1:].encode())

    listener = Listener(handle, refuse, loop)
    server = await loop.create_server(lambda: Connection(listener), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    count = 5000
    for number in range(count):
        writer.write(f"GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    while not any(len(connection.waiting) >= MAX_WAITING for connection in listener.connections):
        await asyncio.sleep(0.01)
    gate.set()
    for number in range(count):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        assert await reader.readexactly(length) == str(number).encode()
    writer.close()
    server.close()


def test_bodies_in_flight_are_bounded_over_all_connections() -> None:
    asyncio.run(_bounded())


async def _bounded() -> None:
    loop = asyncio.get_running_loop()
    listener = Listener(handled, refuse, loop, max_buffered=1_000_000)
    server = await loop.create_server(lambda: Connection(listener), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def send(head: bytes, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n" + body)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return reader, writer

    half = b"x" * 600_000
    waiting, first = await send(b"Content-Length: 600001", half)
    while listener.buffered < len(half):
        await asyncio.sleep(0.01)
    announced, second = await send(b"Content-Length: 600000", b"")
    chunked, third = await send(b"Transfer-Encoding: chunked", b"7a120\r\n" + half)
    for refused in (announced, chunked):
        assert (await refused.readline()).startswith(b"HTTP/1.1 400")
        assert b"ThrottlingException" in await refused.readuntil(b"}")
    first.write(b"x")
    assert (await waiting.readline()).startswith(b"HTTP/1.1 200")
    for writer in (first, second, third):
        writer.close()
    while listener.connections:
        await asyncio.sleep(0.01)
    assert listener.buffered == 0
    server.close()
