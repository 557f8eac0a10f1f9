"""A job home on S3: our files over boto3 beside Arrow's own S3 file system, against moto, in turns.

    python -m benchmarks.s3_home

Lists 1,000 files, reads 100 result parts (one after the other; three columns of them, eight at once),
writes 100 MB. Each in a process of its own; wall time is mostly moto's, CPU time and peak memory are the client's.
"""

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

PARTS = [f"bench/parts/{number:03d}.parquet" for number in range(100)]
COLUMNS = ["item_id", "api", "outcome"]
TABLE = 100_000_000  # bytes
TASKS = (
    "list 1,000 files",
    "read 100 parts",
    "columns of 100 parts, 8 at once",
    "write 100 MB",
)
ROUNDS = 3


def arrow(url: str, table: Path) -> dict[str, Callable[[], Any]]:
    fs = pafs.S3FileSystem(endpoint_override=url.removeprefix("http://"), scheme="http", region="us-east-1")

    def columns(path: str) -> None:
        with fs.open_input_file(path) as file:
            pq.ParquetFile(file).read(COLUMNS, use_threads=False)

    def write() -> None:
        with table.open("rb") as source, fs.open_output_stream("bench/table") as sink:
            while piece := source.read(8 << 20):
                sink.write(piece)

    steps = [
        lambda: fs.get_file_info(pafs.FileSelector("bench/many")),
        *reads(lambda path: pq.read_table(path, filesystem=fs), columns),
        write,
    ]
    return dict(zip(TASKS, steps, strict=True))


def ours(url: str, table: Path) -> dict[str, Callable[[], Any]]:
    files, _ = open_home("s3://bench", Aws(region="us-east-1", s3_url=url))
    steps = [
        lambda: files.entries("bench/many"),
        *reads(lambda path: read_table(files, path), lambda path: read_columns(files, path, COLUMNS)),
        lambda: files.publish(table, "bench/table"),
    ]
    return dict(zip(TASKS, steps, strict=True))


def reads(read: Callable[[str], Any], columns: Callable[[str], Any]) -> list[Callable[[], Any]]:
    def at_once() -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(columns, PARTS))

    return [lambda: [read(path) for path in PARTS], at_once]


SIDES = {"arrow": arrow, "ours": ours}


def fill(client: Any) -> None:
    client.create_bucket(Bucket="bench")
    for number in range(1000):
        client.put_object(Bucket="bench", Key=f"many/{number:04d}", Body=b"x")
    for number, path in enumerate(PARTS):
        drawn = random.Random(number)
        answers = [drawn.randbytes(300).hex() for _ in range(600)]
        columns = {"item_id": range(600), "api": ["labels"] * 600, "outcome": ["ok"] * 600, "response": answers}
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer, compression="zstd")
        client.put_object(Bucket="bench", Key=path.removeprefix("bench/"), Body=buffer.getvalue())


def one(side: str, task: str, url: str, table: Path) -> None:
    step = SIDES[side](url, table)[task]
    step()  # connections are open then
    cpu, start = sum(os.times()[:2]), time.perf_counter()
    step()
    found = {"wall": time.perf_counter() - start, "cpu": sum(os.times()[:2]) - cpu}
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({**found, "mb": peak}))


def main() -> None:
    if len(sys.argv) == 5:
        one(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    print("| best of three | Arrow | ours | wall | CPU |\n|---|---|---|---|---|")
    with s3_server() as server, tempfile.NamedTemporaryFile() as table:
        fill(server.client())
        table.truncate(TABLE)
        for task in TASKS:
            rounds = [[measured(side, task, server.url, table.name) for side in SIDES] for _ in range(ROUNDS)]
            theirs, mine = ({key: min(r[n][key] for r in rounds) for key in ("wall", "cpu", "mb")} for n in (0, 1))
            texts = (f"{s['wall']:.2f} s, CPU {s['cpu']:.2f} s, {s['mb']:.0f} MB" for s in (theirs, mine))
            ratios = (f"{mine[key] / max(theirs[key], 0.01):.2f}" for key in ("wall", "cpu"))
            print(f"| {' | '.join((task, *texts, *ratios))} |", flush=True)


def measured(side: str, task: str, url: str, table: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.s3_home", side, task, url, table]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


if __name__ == "__main__":
    main()
