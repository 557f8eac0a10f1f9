"""Memory of AWS's answers on films: kept page by page, then made into tables.

    python -m benchmarks.video_tables [--films 4] [--minutes 60]

An hour of labels is an answer of 202 pages and 68 MB here. Each step runs in a process of its own; `above idle` is
its peak above the same process when it has imported everything and done nothing. `one answer`: its pages, as they
would come from AWS, into their file. `tables`: CSV and Parquet of one film, then of all. `page`: report.html of
those.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from benchmarks.running import environment, table
from benchmarks.synthetic_films import JOB, film_item, labels, make_films
from benchmarks.tables import peak_mb
from jobs.folder import JobFolder
from jobs.folder.video_pages import PagesName, PagesWriter
from reports.tables.build import build_tables
from reports.views.report import build_report

Step = Callable[[str, float], float]  # home, minutes -> what it counted


def nothing(home: str, minutes: float) -> float:
    return 0


def one_answer(home: str, minutes: float) -> float:
    """Megabytes of JSON."""
    film, size = film_item(0, minutes), 0
    with PagesWriter(JobFolder(home, "20261123-090000-0000"), PagesName("video-labels", 0), "job") as writer:
        for number, page in enumerate(labels(film), 1):
            text = orjson.dumps(page)
            size += len(text)
            writer.append(number, text)
        writer.done()
    return size / 1e6


def tables(home: str, minutes: float) -> float:
    return sum(build_tables(JobFolder(home, JOB)).rows.values())


def page(home: str, minutes: float) -> float:
    return build_report(JobFolder(home, JOB), thumbnails=False).bytes


STEPS: dict[str, Step] = {"idle": nothing, "one answer": one_answer, "tables": tables, "page": page}


def measured(step: str, home: str, minutes: float) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.video_tables",
        "--step",
        step,
        "--home",
        home,
        "--minutes",
        str(minutes),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run(step: str, home: str, minutes: float) -> None:
    start = time.perf_counter()
    counted = STEPS[step](home, minutes)
    seconds = time.perf_counter() - start
    print(json.dumps({"counted": counted, "seconds": seconds, "cpu": sum(os.times()[:2]), "mb": peak_mb()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--home", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        run(args.step, args.home, args.minutes)
        return
    with tempfile.TemporaryDirectory() as scratch:
        one, several = str(Path(scratch) / "one"), str(Path(scratch) / "several")
        pages = [orjson.dumps(page) for page in labels(film_item(0, args.minutes))]
        for home, films in ((one, 1), (several, args.films)):
            make_films(home, [film_item(n, args.minutes) for n in range(films)], ["video-labels"], lambda *_: pages)
        idle = measured("idle", one, args.minutes)["mb"]
        steps = (
            ("one answer", one, 1),
            ("tables", one, 1),
            ("tables", several, args.films),
            ("page", several, args.films),
        )
        rows = []
        for step, home, films in steps:
            found = measured(step, home, args.minutes)
            counted = f"{found['counted']:,.0f} {({'one answer': 'MB', 'page': 'bytes'}).get(step, 'rows')}"
            rows.append(
                [step, films, counted, f"{found['seconds']:.1f}", f"{found['cpu']:.1f}", f"{found['mb'] - idle:.0f}"]
            )
        print(environment())
        print(f"{args.minutes:g} minutes a film; idle process {idle:.0f} MB\n")
        print(table(["step", "films", "found", "seconds", "CPU s", "peak MB above idle"], rows))


if __name__ == "__main__":
    main()
