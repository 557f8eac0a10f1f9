"""How fast sources are listed, beside what a person would otherwise use, on the same machine in the same run.

    python -m benchmarks.enumeration                 everything (about three minutes)
    python -m benchmarks.enumeration local s3        some of: local s3 inventory memory
    python -m benchmarks.enumeration --scale 0.01    a hundredth of the items

local      200,000 files with sizes: ours against `find -type f -printf '%s %p\\n'`
s3         200,000 objects from a stand-in that serves canned ListObjectsV2 pages, without latency and with 50 ms a
           page: ours against boto3's paginator
inventory  1,000,000 rows as Parquet, ORC and CSV.gz
memory     peak RSS of 1,000,000 items listed into a manifest, from each kind of source

Times are the best of three; each measured side runs in a process of its own. Results are one JSON line a measurement.
"""

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
from botocore.config import Config

from benchmarks.serving import served
from jobs.folder import JobFolder
from jobs.sources import enumerate_batches

PREFIXES = 40
JOB = "20261123-090000-beef"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many items each kind of source has."""

    scale: float

    @property
    def files(self) -> int:
        return int(200 * self.scale) * 1000  # a thousand a folder

    @property
    def objects(self) -> int:
        return int(200_000 * self.scale) // PREFIXES * PREFIXES

    @property
    def rows(self) -> int:
        return int(1_000_000 * self.scale)


def count(source: str, factory: Callable[[], Any] = lambda: None) -> int:
    return sum(batch.num_rows for batch in enumerate_batches([source], s3_client_factory=factory))


def best(act: Callable[[], Any], times: int = 3) -> float:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        found.append(time.perf_counter() - start)
    return min(found)


def apart(name: str, *arguments: object) -> dict[str, Any]:
    """This script's function `name` in a process of its own; what it prints."""
    command = [sys.executable, "-m", "benchmarks.enumeration", "--one", name, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def show(**facts: Any) -> None:
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in facts.items()}), flush=True)


# --- local files


def make_tree(root: Path, files: int) -> None:
    for folder in range(files // 1000):
        path = root / f"{folder // 20:02d}" / f"{folder % 20:02d}"
        path.mkdir(parents=True)
        for number in range(1000):
            (path / f"IMG_{folder * 1000 + number:07d}.jpg").write_bytes(b"x" * (number % 50 + 1))


def local(root: str, files: str) -> dict[str, float]:
    assert count(root) == int(files)
    return {"seconds": best(lambda: count(root))}


def bench_local(work: Path, sizes: Sizes) -> None:
    files = sizes.files
    make_tree(work / "tree", files)
    with Path(os.devnull).open("wb") as nowhere:

        def find() -> None:
            subprocess.run(["find", str(work / "tree"), "-type", "f", "-printf", "%s %p\n"], stdout=nowhere, check=True)

        find()
        baseline = best(find)
    ours = apart("local", work / "tree", files)["seconds"]
    show(what="local", files=files, find_s=baseline, ours_s=ours, ratio=ours / baseline, files_per_s=files / ours)


# --- S3


class Stand:
    """A stand-in for S3: canned pages over plain HTTP/1.1, one thread a connection. Not the bottleneck: a page is made
    once and then sent from memory."""

    def __init__(self, latency: float, objects: int) -> None:
        self._latency = latency
        self._pages: dict[tuple[str, ...], bytes] = {}
        self._keys = sorted(f"set-{n % PREFIXES:02d}/IMG_{n // PREFIXES:06d}.jpg" for n in range(objects))

    def answer(self, query: dict[str, list[str]]) -> bytes:
        asked = tuple(query.get(name, [""])[0] for name in ("prefix", "start-after", "continuation-token", "delimiter"))
        if self._latency:
            time.sleep(self._latency)
        if asked not in self._pages:
            self._pages[asked] = self._make(*asked)
        return self._pages[asked]

    def _make(self, prefix: str, after: str, token: str, delimiter: str) -> bytes:
        from bisect import bisect_left, bisect_right

        if delimiter:
            found = sorted(
                {
                    k[: k.index("/", len(prefix)) + 1]
                    for k in self._keys
                    if k.startswith(prefix) and "/" in k[len(prefix) :]
                }
            )
            inner = "".join(f"<CommonPrefixes><Prefix>{p}</Prefix></CommonPrefixes>" for p in found)
            return self._wrap(inner, None)
        low = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after), bisect_right(self._keys, token))
        high = bisect_left(self._keys, prefix + "\U0010ffff")
        page = self._keys[low : min(low + 1000, high)]
        inner = "".join(
            f"<Contents><Key>{quote(k)}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            f"<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>{1000 + n}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for n, k in enumerate(page)
        )
        return self._wrap(inner, page[-1] if low + 1000 < high else None)

    def _wrap(self, inner: str, token: str | None) -> bytes:
        more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>b</Name><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>{str(bool(token)).lower()}</IsTruncated>"
            f"{more}{inner}</ListBucketResult>"
        ).encode()


def lists(latency: float, objects: int) -> type[BaseHTTPRequestHandler]:
    stand = Stand(latency, objects)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = stand.answer(parse_qs(urlsplit(self.path).query))
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


def client(url: str) -> Any:
    return boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b").client(
        "s3", endpoint_url=url, region_name="us-east-1",
        config=Config(max_pool_connections=32, s3={"addressing_style": "path"}),
    )  # fmt: skip


def s3_ours(url: str, objects: str) -> dict[str, float]:
    s3 = client(url)
    assert count("s3://bkt", lambda: s3) == int(objects)
    return {"seconds": best(lambda: count("s3://bkt", lambda: s3))}


def s3_boto3(url: str, objects: str) -> dict[str, float]:
    s3 = client(url)

    def pages() -> int:
        found = 0
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="bkt"):
            found += len([(o["Key"], o["Size"], o["ETag"], o["LastModified"]) for o in page["Contents"]])
        return found

    assert pages() == int(objects)
    return {"seconds": best(pages, 1)}


def bench_s3(work: Path, sizes: Sizes) -> None:
    objects = sizes.objects
    for latency in (0.0, 0.05):
        with served(partial(lists, latency, objects)) as url:
            plain, ours = (apart(side, url, objects)["seconds"] for side in ("s3_boto3", "s3_ours"))
        show(
            what="s3", objects=objects, latency_ms=latency * 1000, boto3_s=plain, ours_s=ours, times=plain / ours,
            objects_per_s=objects / ours,
        )  # fmt: skip


# --- inventory


def make_inventory(work: Path, format_: str, rows: int) -> str:
    folder = work / f"{format_}-{rows}"
    if (folder / "manifest.json").exists():
        return str(folder / "manifest.json")
    folder.mkdir()
    keys = [f"year {n % 30}/IMG_{n:08d}.{'jpg' if n % 10 else 'txt'}" for n in range(rows)]
    times = ["2026-01-02T03:04:05.000Z"] * rows
    etags = [f"{n * 2654435761 % 2**64:016x}{n:016x}" for n in range(rows)]
    schema = "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass"
    if format_ == "CSV":
        with gzip.open(folder / "f", "wt", 3, newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows(
                ["arch", quote(key).replace("%20", "+"), 1000 + n, times[n], etags[n], "STANDARD"]
                for n, key in enumerate(keys)
            )
    else:
        table = pa.table(
            {
                "bucket": ["arch"] * rows, "key": keys, "size": range(1000, 1000 + rows),
                "last_modified_date": pa.array([1_767_323_045_000] * rows, pa.timestamp("ms")), "e_tag": etags,
                "storage_class": ["STANDARD"] * rows,
            }
        )  # fmt: skip
        (pq.write_table if format_ == "Parquet" else orc.write_table)(table, str(folder / "f"))
    document = {
        "fileFormat": format_,
        "fileSchema": schema,
        "destinationBucket": "arn:aws:s3:::d",
        "files": [{"key": "f"}],
    }
    (folder / "manifest.json").write_text(json.dumps(document))
    return str(folder / "manifest.json")


def inventory(path: str, rows: str) -> dict[str, float]:
    assert count(path) == int(rows)
    return {"seconds": best(lambda: count(path))}


def bench_inventory(work: Path, sizes: Sizes) -> None:
    rows = sizes.rows
    for format_ in ("Parquet", "ORC", "CSV"):
        ours = apart("inventory", make_inventory(work, format_, rows), rows)["seconds"]
        show(what="inventory", format=format_, rows=rows, ours_s=ours, rows_per_s=rows / ours)


# --- memory


def memory(source: str, home: str) -> dict[str, float]:
    """Lists `source` into a manifest, as a scan does."""
    start = time.perf_counter()
    with JobFolder(home, JOB).manifest_writer() as writer:
        for batch in enumerate_batches([source], s3_client_factory=lambda: None):
            writer.add_batch(batch)
        found = writer.count
    # Not ru_maxrss: a child starts with its parent's.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return {"items": found, "seconds": time.perf_counter() - start, "peak_rss_mb": peak}


def bench_memory(work: Path, sizes: Sizes) -> None:
    rows = sizes.rows
    lines = work / "list.txt"
    with lines.open("w") as file:
        file.writelines(f"s3://archive/year {n % 30}/IMG_{n:08d}.jpg\n" for n in range(rows))
    flat = work / "flat"
    flat.mkdir()
    for number in range(rows):
        os.close(os.open(flat / f"IMG_{number:08d}.jpg", os.O_CREAT | os.O_WRONLY))
    sources = {
        "inventory Parquet": make_inventory(work, "Parquet", rows),
        "inventory CSV.gz": make_inventory(work, "CSV", rows),
        "list of URIs": str(lines),
        "one flat directory": str(flat),
    }
    for number, (what, source) in enumerate(sources.items()):
        show(what="memory", source=what, **apart("memory", source, work / f"home{number}"))


BENCHES = {"local": bench_local, "s3": bench_s3, "inventory": bench_inventory, "memory": bench_memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benches", nargs="*", metavar="|".join(BENCHES))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(globals()[asked.one[0]](*asked.one[1:])))
        return
    with tempfile.TemporaryDirectory(prefix="enumeration") as work:
        for name in asked.benches or BENCHES:
            BENCHES[name](Path(work), Sizes(asked.scale))


if __name__ == "__main__":
    main()
