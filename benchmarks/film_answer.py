"""Memory of a worker that reads AWS's answer on a film of an hour: 202 pages, 68 MB of labels.

    python -m benchmarks.film_answer [--minutes 60]

A whole scan of one film by the command line, of an endpoint that answers page after page at once. Peak: the worker's
resident memory until the answer has its file, beside that of a scan whose answer is of one second of film.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.film_server import MEDIA_HEAD, START, Stored, film_server
from benchmarks.running import environment, table
from benchmarks.serving import served
from benchmarks.synthetic_films import film_item, labels
from tests.support.films import tracks_of_an_hour

ENOUGH = 300.0  # seconds


def film(path: str) -> Stored:
    """As long as its name says: `3600s.mp4`."""
    return Stored(START + tracks_of_an_hour(int(path.rpartition("/")[2].removesuffix("s.mp4"))) + MEDIA_HEAD)


def answers(pages: list[bytes]) -> type[BaseHTTPRequestHandler]:
    """A Rekognition whose every job has these pages for an answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            starts = self.headers["x-amz-target"].endswith("StartLabelDetection")
            body = b'{"JobId":"job"}' if starts else pages[int(asked.get("NextToken", 0))]
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


def answer(minutes: float) -> list[bytes]:
    found = list(labels(film_item(0, minutes)))
    for number, page in enumerate(found[:-1], 1):
        page["NextToken"] = str(number)
    return [orjson.dumps(page) for page in found]


def peak_mb(minutes: float) -> tuple[int, float, float]:
    """Pages, megabytes of them, and the worker's peak."""
    pages = answer(minutes)
    with (
        TemporaryDirectory(prefix="rkb") as directory,
        served(partial(answers, pages)) as url,
        film_server(film) as s3_url,
    ):
        listed, home = Path(directory) / "films.txt", Path(directory) / "home"
        listed.write_text(f"s3://films/{round(60 * minutes)}s.mp4\n")
        scan = subprocess.Popen(
            [sys.executable, "-m", "rekscan", "scan", str(listed), "--api", "video-labels", "--yes", "--json",
             "--workers", "1", "--home", str(home), "--region", "us-east-1", "--rekognition-endpoint-url", url,
             "--s3-endpoint-url", s3_url],
            env={**os.environ, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
                 "REKSCAN_VIDEO_LOOK_SECONDS": "1"},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return len(pages), sum(map(len, pages)) / 1e6, _watched(scan.pid, home)
        finally:
            scan.terminate()
            scan.wait()


def _watched(scan: int, home: Path) -> float:
    peak, until = 0.0, time.monotonic() + ENOUGH
    while not any(home.glob("*/results/video/video-labels/*.parquet")):
        assert time.monotonic() < until, "no answer came"
        peak = max(peak, *map(_resident_mb, _workers(scan)), 0.0)
        time.sleep(0.05)
    return peak


def _workers(scan: int) -> list[int]:
    found = map(int, Path(f"/proc/{scan}/task/{scan}/children").read_text().split())
    return [pid for pid in found if b"\0workers\0" in Path(f"/proc/{pid}/cmdline").read_bytes() + b"\0"]


def _resident_mb(pid: int) -> float:
    """At most, so far."""
    told = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
    return int(told[0]) / 1000 if told else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    idle = peak_mb(1 / 60)[2]
    pages, size, peak = peak_mb(parser.parse_args().minutes)
    header = ["pages", "MB", "worker's peak MB", "above the worker that read one page"]
    print(table(header, [[pages, f"{size:.0f}", f"{peak:.0f}", f"{peak - idle:.0f}"]]))
    print(environment())


if __name__ == "__main__":
    main()
