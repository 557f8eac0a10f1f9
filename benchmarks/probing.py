"""How fast films in S3 are looked at: 32 in flight, beside one after the other.

    python -m benchmarks.probing
    python -m benchmarks.probing --films 100 --latency 0.03

The stand-in for S3 answers ranged GETs from memory, `latency` seconds after each was asked, in a process of its own. Of
ten films seven are short with their header last, two short with their header first, one is an hour long with 2 MB of
tables. `at once` is `jobs.video.probing`, `one by one` the same with one in flight, on a tenth of the films.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.running import environment, table
from jobs.items import Item
from jobs.video import Prober
from jobs.video.probing import IN_FLIGHT, ProbeTally, probe_all
from tests.support.films import box, tracks_of_an_hour

MEDIA = 3_000_000  # bytes of each


@dataclass(frozen=True, slots=True)
class Stored:
    head: bytes
    tail: bytes  # MEDIA bytes of nothing between them

    @property
    def size(self) -> int:
        return len(self.head) + MEDIA + len(self.tail)

    def span(self, first: int, last: int) -> bytes:
        before = self.head[first : last + 1]
        after = self.tail[max(0, first - MEDIA - len(self.head)) : max(0, last + 1 - MEDIA - len(self.head))]
        return before + bytes(min(last + 1, self.size) - first - len(before) - len(after)) + after


def library() -> dict[str, Stored]:
    start, media = box("ftyp", b"isom\0\0\0\0isomavc1"), (8 + MEDIA).to_bytes(4, "big") + b"mdat"
    short, long = tracks_of_an_hour(30), tracks_of_an_hour()
    return {
        "last": Stored(start + media, short),
        "first": Stored(start + short + media, b""),
        "hour": Stored(start + media, long),
    }


def key_of(number: int) -> str:
    kind = "hour" if number % 10 == 9 else "first" if number % 10 > 6 else "last"
    return f"{kind}/{number:07d}.mp4"


def serve(latency: float, ready: "Queue[int]") -> None:
    films = library()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            film = films[self.path.split("/")[-2]]
            first, last = map(int, self.headers["range"].removeprefix("bytes=").split("-"))
            data = film.span(first, last)
            time.sleep(latency)
            self.send_response(206)
            self.send_header("ETag", '"9b2cf535f27731c974343645a3985328"')
            self.send_header("Content-Range", f"bytes {first}-{first + len(data) - 1}/{film.size}")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_port)
    server.serve_forever()


@contextmanager
def stand_in(latency: float) -> Iterator[str]:
    ready: Queue[int] = Queue()
    server = Process(target=serve, args=(latency, ready), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ready.get()}"
    finally:
        server.terminate()
        server.join()


def client(url: str) -> Any:
    return boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b").client(
        "s3", endpoint_url=url, region_name="us-east-1",
        config=Config(max_pool_connections=IN_FLIGHT, s3={"addressing_style": "path"}),
    )  # fmt: skip


def measured(what: str, s3: Any, films: int, in_flight: int) -> tuple[float, list[Any]]:
    """Films a second, and a line of the table."""
    tally, prober = ProbeTally(), Prober(lambda: s3)
    items = (Item(number, f"s3://films/{key_of(number)}", "video") for number in range(films))
    start, cpu = time.perf_counter(), time.process_time()
    for _, found in probe_all(prober, items, in_flight=in_flight, tally=tally):
        assert found.skip is None, found.skip
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    rate = films / seconds
    gets, size = tally.reads.count / films, tally.reads.bytes / films / 1000
    return rate, [what, films, f"{rate:.0f}", f"{gets:.2f}", f"{size:.0f}", f"{cpu / films * 1000:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.03, help="seconds from a GET to its answer")
    asked = parser.parse_args()
    with stand_in(asked.latency) as url:
        s3 = client(url)
        measured("warm", s3, 10, IN_FLIGHT)
        alone, single = measured("one by one", s3, max(10, asked.films // 10), 1)
        together, many = measured("at once", s3, asked.films, IN_FLIGHT)
    print(table(["", "films", "films/s", "GETs/film", "KB/film", "CPU ms/film"], [many, single]))
    print(f"\n{together / alone:.1f} times as fast; {asked.latency * 1000:.0f} ms a GET; {environment()}")


if __name__ == "__main__":
    main()
