"""How many requests a second the fixed engine answers, in wall time and by the server's own CPU time.

    python -m benchmarks.emulator.load [--seconds 10] [--connections 32] [-- options of the emulator]

The client is a bare asyncio protocol that keeps one request in flight per connection.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import uvloop

from rekscan.testing import emulator

BODY = json.dumps(
    {"Image": {"S3Object": {"Bucket": "archive", "Name": "2019/07/IMG_0001.JPG"}}, "MaxLabels": 50}
).encode()


def request(operation: str) -> bytes:
    head = (
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\n"
        f"X-Amz-Target: RekognitionService.{operation}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


class Client(asyncio.Protocol):
    def __init__(self, message: bytes, statuses: Counter[int]) -> None:
        self.message = message
        self.statuses = statuses
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.transport.write(self.message)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, gap, body = self.buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) >= length:
            self.statuses[int(head[9:12])] += 1
            self.buffer = b""
            self.transport.write(self.message)


async def load(host: str, port: int, operation: str, connections: int, seconds: float) -> tuple[Counter[int], float]:
    loop = asyncio.get_running_loop()
    statuses: Counter[int] = Counter()
    clients = [
        await loop.create_connection(lambda: Client(request(operation), statuses), host, port)
        for _ in range(connections)
    ]
    await asyncio.sleep(1.0)
    statuses.clear()
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    for transport, _ in clients:
        transport.abort()
    return statuses, took


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(connections: int, seconds: float, options: list[str]) -> str:
    with emulator("--engine", "fixed", *options) as running:
        host, port = running.url.removeprefix("http://").split(":")
        began = cpu_seconds(running.process.pid)
        statuses, took = uvloop.run(load(host, int(port), "DetectLabels", connections, seconds))
        used = cpu_seconds(running.process.pid) - began
        answered = sum(statuses.values())
        share = used / (took + 1.0)
        each = 1e6 * used / max(1, answered) / (1 + 1 / took)
        return (
            f"{connections:5d} connections {' '.join(options) or '-':40s} {answered / took:8.0f} req/s, "
            f"server CPU {100 * share:3.0f} % of a core, {each:4.0f} us/req, {dict(statuses)}"
        )


def usual(seconds: float) -> Iterator[str]:
    """As fast as it goes, with AWS's latency, and with a quota besides."""
    slow = ["--latency", "300ms"]
    for connections, options in ((32, []), (1000, slow), (1000, [*slow, "--quota", "labels=2000"])):
        yield measure(connections, seconds, options)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=0)
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    if given.connections:
        print(measure(given.connections, given.seconds, given.options))
        return
    for line in usual(given.seconds):
        print(line)


if __name__ == "__main__":
    main()
