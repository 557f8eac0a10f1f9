"""How fast films in S3 are looked at: 32 in flight, beside one after the other.

    python -m benchmarks.probing
    python -m benchmarks.probing --films 100 --latency 0.03

The stand-in for S3 answers ranged GETs from memory, `latency` seconds after each was asked, in a process of its own. Of
ten films seven are short with their header last, two short with their header first, one is an hour long with 2 MB of
tables. `at once` is `jobs.video.probing`, `one by one` the same with one in flight, on a tenth of the films.
"""

import argparse
import time
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.film_server import MEDIA_HEAD, START, Stored, film_server
from benchmarks.running import environment, table
from jobs.items import Item
from jobs.video.probe import Prober
from jobs.video.probing import IN_FLIGHT, ProbeTally, probe_all
from tests.support.films import tracks_of_an_hour


@cache
def library() -> dict[str, Stored]:
    start, media = START, MEDIA_HEAD
    short, long = tracks_of_an_hour(30), tracks_of_an_hour()
    return {
        "last": Stored(start + media, short),
        "first": Stored(start + short + media),
        "hour": Stored(start + media, long),
    }


def key_of(number: int) -> str:
    kind = "hour" if number % 10 == 9 else "first" if number % 10 > 6 else "last"
    return f"{kind}/{number:07d}.mp4"


def find(path: str) -> Stored:
    return library()[path.split("/")[-2]]


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
    with film_server(find, asked.latency) as url:
        s3 = client(url)
        measured("warm", s3, 10, IN_FLIGHT)
        alone, single = measured("one by one", s3, max(10, asked.films // 10), 1)
        together, many = measured("at once", s3, asked.films, IN_FLIGHT)
    print(table(["", "films", "films/s", "GETs/film", "KB/film", "CPU ms/film"], [many, single]))
    print(f"\n{together / alone:.1f} times as fast; {asked.latency * 1000:.0f} ms a GET; {environment()}")


if __name__ == "__main__":
    main()
