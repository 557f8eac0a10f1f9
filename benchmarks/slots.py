"""How full the account's slots for stored video are held, as the endpoint sees it.

    python -m benchmarks.slots
    python -m benchmarks.slots --workers 1 --films 300 --latency 20s+2s/min

Films of 1 to 30 minutes, in S3 by a stand-in that answers ranged GETs; the emulator's jobs take as long as `--latency`
says. Steady: from the start that first fills the slots to the last start. `held`: of the slots' time there, how much a
job was under way in it. `learnt`: the job is not told the quota and learns it from AWS's refusals.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.running import environment, table
from rekscan.testing import Emulator, emulator
from tests.support.films import box, tracks_of_an_hour

MINUTES = (1, 2, 3, 5, 8, 12, 20, 30)
START = box("ftyp", b"isom\0\0\0\0isomavc1")


@lru_cache
def film(seconds: int) -> bytes:
    return START + tracks_of_an_hour(seconds) + box("mdat", bytes(1000))


def serve(ready: "Queue[int]") -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(200, film(self.seconds))

        def do_GET(self) -> None:
            data = film(self.seconds)
            first, last = map(int, self.headers["range"].removeprefix("bytes=").split("-"))
            span = data[first : last + 1]
            self.answer(206, span, f"bytes {first}-{first + len(span) - 1}/{len(data)}")

        @property
        def seconds(self) -> int:
            return int(self.path.rpartition("-")[2].removesuffix("s.mp4"))

        def answer(self, status: int, data: bytes, span: str = "") -> None:
            self.send_response(status)
            self.send_header("ETag", '"9b2cf535f27731c974343645a3985328"')
            self.send_header("Content-Length", str(len(data)))
            if span:
                self.send_header("Content-Range", span)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_port)
    server.serve_forever()


@contextmanager
def stand_in() -> Iterator[str]:
    ready: Queue[int] = Queue()
    server = Process(target=serve, args=(ready,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ready.get()}"
    finally:
        server.terminate()
        server.join()


def scan(s3_url: str, endpoint: Emulator, films: int, workers: int, told: int) -> dict[str, Any]:
    """A whole scan of so many films by the command line; its status."""
    with TemporaryDirectory(prefix="rkb") as directory:
        listed = Path(directory) / "films.txt"
        names = (f"s3://films/{number:05d}-{60 * MINUTES[number % len(MINUTES)]}s.mp4" for number in range(films))
        listed.write_text("".join(f"{name}\n" for name in names))
        done = subprocess.run(
            [sys.executable, "-m", "rekscan", "scan", str(listed), "--api", "video-labels", "--yes", "--json",
             "--workers", str(workers), "--video-jobs", str(told), "--home", f"{directory}/home",
             "--region", "us-east-1", "--rekognition-endpoint-url", endpoint.url, "--s3-endpoint-url", s3_url],
            env={**os.environ, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"},
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)  # type: ignore[no-any-return]


def asked(endpoint: Emulator, what: str) -> Any:
    with urllib.request.urlopen(f"{endpoint.url}/admin/{what}") as answer:
        return json.load(answer)


def held(jobs: list[dict[str, Any]], slots: int) -> tuple[float, float]:
    """Of the slots' time in the steady part, the share in which a job was under way; how many seconds it was."""
    starts = sorted(job["started"] for job in jobs)
    first, last = starts[min(slots, len(starts)) - 1], starts[-1]
    under_way = sum(max(0.0, min(job["ends"], last) - max(job["started"], first)) for job in jobs)
    return (under_way / (slots * (last - first)) if last > first else 0.0), last - first


def measured(films: int, workers: int, slots: int, told: int, latency: str) -> list[Any]:
    """A line of the table."""
    options = ("--engine", "fixed", "--video-jobs", str(slots), "--video-latency", latency)
    with stand_in() as s3_url, emulator(*options) as endpoint:
        began = time.monotonic()
        status = scan(s3_url, endpoint, films, workers, told)
        seconds = time.monotonic() - began
        assert status["calls"]["ok"] == films, status["calls"]
        jobs = asked(endpoint, "videos")["jobs"]
        starts = len(asked(endpoint, "arrivals?operation=StartLabelDetection")["arrivals"])
        gets = asked(endpoint, "arrivals?operation=GetLabelDetection")["arrivals"]
    share, steady = held(jobs, slots)
    most = max(Counter(int(at) for at, _ in gets).values())
    kind = "known" if told <= slots else "learnt"
    return [
        workers, kind, films, f"{seconds:.0f}", f"{steady:.0f}", f"{100 * share:.1f} %", starts - films,
        f"{len(gets) / films:.1f}", f"{len(gets) / seconds:.1f}", most,
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4", help="numbers of workers, each a run")
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--slots", type=int, default=20)
    parser.add_argument("--latency", default="20s+2s/min", help="of a job, as the emulator's --video-latency")
    parser.add_argument("--learnt", action="store_true", help="one run more, in which the quota is to be learnt")
    asked_for = parser.parse_args()
    runs = [(int(workers), asked_for.slots) for workers in asked_for.workers.split(",")]
    if asked_for.learnt:
        runs.append((runs[0][0], 5 * asked_for.slots))
    header = [
        "workers",
        "quota",
        "films",
        "s",
        "steady s",
        "held",
        "refused",
        "Gets/film",
        "Gets/s",
        "Gets in a second",
    ]
    rows = [measured(asked_for.films, workers, asked_for.slots, told, asked_for.latency) for workers, told in runs]
    print(table(header, rows))
    print(f"\n{asked_for.slots} slots, jobs of {asked_for.latency}; {environment()}")


if __name__ == "__main__":
    main()
