"""How full the account's slots for stored video are held, as the endpoint sees it.

    python -m benchmarks.slots
    python -m benchmarks.slots --workers 1 --films 300 --latency 20s+2s/min
    python -m benchmarks.slots --workers 1 --films 100 --pictures 4000

Films of 1 to 30 minutes, in S3 by a stand-in that answers ranged GETs; the emulator's jobs take as long as `--latency`
says. Steady: from the start that first fills the slots to the last start. `held`: of the slots' time there, how much a
job was under way in it. `learnt`: the job is not told the quota and learns it from AWS's refusals. `pictures`: of
their quota (PICTURES calls of DetectLabels a second), what those of the same job used while films were under way.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.film_server import MEDIA_HEAD, START, Stored, film_server
from benchmarks.running import environment, table
from emulator.photos import photo
from rekscan.testing import Emulator, emulator
from tests.support.films import tracks_of_an_hour

MINUTES = (1, 2, 3, 5, 8, 12, 20, 30)
PICTURES = 20  # calls a second


@cache
def film(seconds: int) -> Stored:
    return Stored(START + tracks_of_an_hour(seconds) + MEDIA_HEAD)


def find(path: str) -> Stored:
    """A film is as long as its key says: `00012-480s.mp4`. A picture is one of ours, with its key as a comment."""
    if path.endswith(".jpg"):
        data, text = photo("cat.jpg"), path.encode()
        return Stored(data[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + data[2:], media=0)
    return film(int(path.rpartition("-")[2].removesuffix("s.mp4")))


def scan(s3_url: str, endpoint: Emulator, films: int, pictures: int, workers: int, told: int) -> dict[str, Any]:
    """A whole scan of so many films, and pictures, by the command line; its status."""
    with TemporaryDirectory(prefix="rkb") as directory:
        listed = Path(directory) / "films.txt"
        names = (f"s3://films/{number:05d}-{60 * MINUTES[number % len(MINUTES)]}s.mp4" for number in range(films))
        shown = (f"s3://films/{number:05d}.jpg" for number in range(pictures))
        listed.write_text("".join(f"{name}\n" for name in chain(names, shown)))
        more = ("--api", "labels", "--tps", f"labels={PICTURES}") if pictures else ()
        done = subprocess.run(
            [sys.executable, "-m", "rekscan", "scan", str(listed), "--api", "video-labels", "--yes", "--json",
             "--workers", str(workers), "--video-jobs", str(told), "--home", f"{directory}/home",
             "--region", "us-east-1", "--rekognition-endpoint-url", endpoint.url, "--s3-endpoint-url", s3_url, *more],
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


def used(times: list[float], until: float) -> str:
    """Of PICTURES a second, the share that calls at these times took from the first of them until a moment."""
    times = [at for at in times if at <= until]
    return f"{100 * (len(times) - 1) / (times[-1] - times[0]) / PICTURES:.1f} %" if len(times) > 1 else ""


def measured(films: int, pictures: int, workers: int, slots: int, told: int, latency: str) -> list[Any]:
    """A line of the table."""
    options = ("--engine", "fixed", "--video-jobs", str(slots), "--video-latency", latency)
    with film_server(find) as s3_url, emulator(*options) as endpoint:
        began = time.monotonic()
        status = scan(s3_url, endpoint, films, pictures, workers, told)
        seconds = time.monotonic() - began
        assert status["calls"]["ok"] == films + pictures, status["calls"]
        jobs = asked(endpoint, "videos")["jobs"]
        starts = len(asked(endpoint, "arrivals?operation=StartLabelDetection")["arrivals"])
        gets = asked(endpoint, "arrivals?operation=GetLabelDetection")["arrivals"]
        images = asked(endpoint, "arrivals?operation=DetectLabels")["arrivals"]
    share, steady = held(jobs, slots)
    most = max(Counter(int(at) for at, _ in gets).values())
    kind = "known" if told <= slots else "learnt"
    return [
        workers, kind, films, f"{seconds:.0f}", f"{steady:.0f}", f"{100 * share:.1f} %", starts - films,
        f"{len(gets) / films:.1f}", f"{len(gets) / seconds:.1f}", most,
        used([at for at, _ in images], max(at for at, _ in gets)),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4", help="numbers of workers, each a run")
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=0, help="in the same job")
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
        "pictures",
    ]
    rows = [
        measured(asked_for.films, asked_for.pictures, workers, asked_for.slots, told, asked_for.latency)
        for workers, told in runs
    ]
    print(table(header, rows))
    print(f"\n{asked_for.slots} slots, jobs of {asked_for.latency}; {environment()}")


if __name__ == "__main__":
    main()
