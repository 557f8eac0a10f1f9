"""How much Redis a million-item job needs: a real server, workers and the emulator; memory above the empty server.

    python -m benchmarks.memory [--items 1000000] [--workers 4] [--apis labels] [--shard-size N]

objects  S3 objects of which no two are equal
twice    S3 objects, each of them there twice
files    local files, all of one size: each may be the duplicate of any other, the worst there is

Workers run for some seconds; then everything that has a twin is claimed, as they would have by the job's end, and they
go on beside that, with their shards, journals, messages and connections. `over`: once the job is.
"""

import argparse
import io
import itertools
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.running import Running, environment, objects, scanning, table
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.ledger.claims import PACKED
from jobs.ledger.keys import key
from rekscan.testing import Emulator, emulator
from workers.config import connect

REAL_FILES = 60_000  # of the local ones: more than workers come to


def twice(items: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, items, 10_000):
        numbers = range(start, min(items, start + 10_000))
        yield to_batch(Item(n, f"s3://archive/{n}.jpg", "image", 250_000, f"{n % (items // 2):032x}") for n in numbers)


@dataclass(slots=True)
class Files:
    """Different small pictures of one size; those that no worker comes to are only names."""

    folder: Path

    def __call__(self, items: int) -> Iterator[pa.RecordBatch]:
        buffer = io.BytesIO()
        Image.new("RGB", (96, 96), "teal").save(buffer, "JPEG")
        picture = buffer.getvalue()
        for number in range(min(items, REAL_FILES)):
            comment = b"\xff\xfe\x00\x0a" + b"%08d" % number  # a JPEG comment after its first marker
            (self.folder / f"{number:07d}.jpg").write_bytes(picture[:2] + comment + picture[2:])
        for start in range(0, items, 10_000):
            numbers = range(start, min(items, start + 10_000))
            yield to_batch(Item(n, f"{self.folder}/{n:07d}.jpg", "image", len(picture) + 12) for n in numbers)


@dataclass(slots=True)
class Memory:
    """`used_memory` of a server, in MB above what it was at first. `peak`: since the last `take`."""

    url: str
    empty: int
    peak: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:
        used = (int(connect(self.url).info("memory")["used_memory"]) - self.empty) / 1e6
        self.peak = max(self.peak, used)
        return used

    def take(self) -> float:
        peak, self.peak = self.peak, 0.0
        return peak

    @contextmanager
    def watched(self) -> Iterator[None]:
        def watch() -> None:
            while not self._stop.wait(0.2):
                self.now()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()


def measure(running: Emulator, what: str, options: argparse.Namespace) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="rkm") as folder:
        listings: dict[str, Callable[[int], Iterable[pa.RecordBatch]]]
        listings = {"objects": objects, "twice": twice, "files": Files(Path(folder))}
        with scanning(
            running, options.items, apis=options.apis, workers=options.workers,
            shard_size=options.shard_size, listing=listings[what],
        ) as job:  # fmt: skip
            memory = Memory(job.supervisor.redis(), job.empty_bytes)
            opened = memory.now()
            with memory.watched():
                job.tend(options.seconds)
                first = memory.take()
                claims = claim_all(job, what)
                job.tend(options.seconds)
                peak = memory.take()
            done = job.done()
            job.ledger.close(job.folder.job, "finished", {})
            megabytes = [f"{used:.1f}" for used in (opened, first, peak, memory.now())]
            return [what, f"{claims:,}", *megabytes, f"{done:,}"]


def claim_all(job: Running, what: str) -> int:
    """Claim what the job may have twice, laid down as jobs/ledger/claims.py does. How many claims those are."""
    spec = job.folder.spec
    candidates = spec.options.duplicates
    contents = candidates // 2 if what == "twice" else candidates
    buckets = max(1, candidates // PACKED)
    names = np.random.default_rng(1).integers(0, 256, (contents, 4), np.uint8).view("V4").ravel()
    bucket_of = np.random.default_rng(2).integers(0, buckets, contents)
    order = np.argsort(bucket_of, kind="stable")
    ends = np.cumsum(np.bincount(bucket_of, minlength=buckets))
    pipe = job.ledger.redis.pipeline(transaction=False)
    for bucket, (start, end) in enumerate(itertools.pairwise([0, *ends.tolist()])):
        if items := order[start:end].tolist():
            claims = {names[item].tobytes(): item for item in items}
            pipe.hset(key(spec.job, "claims", bucket), mapping=claims)
            pipe.sadd(key(spec.job, "buckets"), bucket)
        if bucket % 100 == 0:
            pipe.execute()
    pipe.execute()
    return contents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["objects", "twice", "files"])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--shard-size", type=int, help="default: as a scan would")
    parser.add_argument("--apis", default="labels")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with emulator("--engine", "fixed", "--latency", "300ms") as running:
        rows = []
        for what in options.what:
            rows.append(measure(running, what, options))
            print(*rows[-1], flush=True)
    print(f"\n{environment()}; {options.items:,} items, {options.apis}, {options.workers} workers\n")
    print(table(["items", "claims", "opened", "running", "with all claims", "over", "calls"], rows))


if __name__ == "__main__":
    main()
