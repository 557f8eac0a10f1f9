"""A job home on S3: our files over boto3 beside Arrow's own S3 file system, against moto, in turns.

    python -m benchmarks.s3_home

Lists 1,000 files, reads 100 result parts (one after the other; three columns of them, eight at once),
writes 100 MB. Each in a process of its own; wall time is mostly moto's, CPU time and peak memory are the client's.
"""

import argparse
import io
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from jobs.files import Aws, open_home, read_columns, read_table
from tests.support.s3_server import s3_server

COLUMNS = ["item_id", "api", "outcome"]
TASKS = ("list 1,000 files", "read 100 parts", "columns of 100 parts, 8 at once", "write 100 MB")
Step = Callable[[], Any]


def names(count: int) -> list[str]:
    return [f"bench/parts/{number:03d}.parquet" for number in range(count)]


def arrow(url: str, table: Path, parts: list[str]) -> list[Step]:
    fs = pafs.S3FileSystem(endpoint_override=url.removeprefix("http://"), scheme="http", region="us-east-1")

    def columns(path: str) -> None:
        with fs.open_input_file(path) as file:
            pq.ParquetFile(file).read(COLUMNS, use_threads=False)

    def write() -> None:
        with table.open("rb") as source, fs.open_output_stream("bench/table") as sink:
            while piece := source.read(8 << 20):
                sink.write(piece)

    read = reads(parts, lambda path: pq.read_table(path, filesystem=fs), columns)
    return [lambda: fs.get_file_info(pafs.FileSelector("bench/many")), *read, write]


def ours(url: str, table: Path, parts: list[str]) -> list[Step]:
    files, _ = open_home("s3://bench", Aws(region="us-east-1", s3_url=url))
    read = reads(parts, lambda path: read_table(files, path), lambda path: read_columns(files, path, COLUMNS))
    return [lambda: files.entries("bench/many"), *read, lambda: files.publish(table, "bench/table")]


def reads(parts: list[str], read: Callable[[str], Any], columns: Callable[[str], Any]) -> list[Step]:
    def at_once() -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(columns, parts))

    return [lambda: [read(path) for path in parts], at_once]


SIDES = {"arrow": arrow, "ours": ours}


def fill(client: Any, many: int, parts: list[str]) -> None:
    client.create_bucket(Bucket="bench")
    for number in range(many):
        client.put_object(Bucket="bench", Key=f"many/{number:04d}", Body=b"x")
    for number, path in enumerate(parts):
        drawn = random.Random(number)
        answers = [drawn.randbytes(300).hex() for _ in range(600)]
        columns = {"item_id": range(600), "api": ["labels"] * 600, "outcome": ["ok"] * 600, "response": answers}
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer, compression="zstd")
        client.put_object(Bucket="bench", Key=path.removeprefix("bench/"), Body=buffer.getvalue())


def one(side: str, task: int, url: str, table: Path, parts: list[str]) -> None:
    step = SIDES[side](url, table, parts)[task]
    step()  # connections are open then
    cpu, start = sum(os.times()[:2]), time.perf_counter()
    step()
    found = {"wall": time.perf_counter() - start, "cpu": sum(os.times()[:2]) - cpu}
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({**found, "mb": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1, help="of the sizes above")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    parts = names(max(1, int(100 * args.scale)))
    if args.one:
        side, task, url, table = args.one
        one(side, int(task), url, Path(table), parts)
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    print(f"| best of {args.rounds} | Arrow | ours | wall | CPU |\n|---|---|---|---|---|")
    with s3_server() as server, tempfile.NamedTemporaryFile() as file:
        fill(server.client(), int(1000 * args.scale), parts)
        file.truncate(int(100_000_000 * args.scale))
        for number, task in enumerate(TASKS):
            places = (str(number), server.url, file.name)
            rounds = [[measured(args.scale, side, *places) for side in SIDES] for _ in range(args.rounds)]
            theirs, mine = ({key: min(r[n][key] for r in rounds) for key in ("wall", "cpu", "mb")} for n in (0, 1))
            texts = (f"{s['wall']:.2f} s, CPU {s['cpu']:.2f} s, {s['mb']:.0f} MB" for s in (theirs, mine))
            ratios = (f"{mine[key] / max(theirs[key], 0.01):.2f}" for key in ("wall", "cpu"))
            print(f"| {' | '.join((task, *texts, *ratios))} |", flush=True)


def measured(scale: float, *what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.s3_home", "--scale", str(scale), "--one", *what]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


if __name__ == "__main__":
    main()
