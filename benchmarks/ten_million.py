"""Peak memory and CPU time of each step of a large job outside its calls, each in a process of its own.

    python -m benchmarks.ten_million [--items 1000000 10000000] [--keep DIRECTORY]

A job of all objects, half of them there twice; an earlier job has answers of half of them in parts of 500.
`start` is a process that has imported all and done nothing. Sizes of 10 million take about 10 minutes and 2 GB of disk.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.running import environment, table
from jobs import costs
from jobs.apis import parse
from jobs.counts import Counts
from jobs.folder import JobFolder, JobSpec
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.known.count import known_calls
from jobs.known.duplicates import duplicates, manifest
from jobs.known.index import Index
from jobs.known.keys import call_ids
from jobs.known.segments import Segments
from jobs.known.sync import index_job
from jobs.ledger import Ledger
from jobs.media.marker import Marked
from jobs.media.marks import Mark
from jobs.near.groups import Marks
from jobs.outcomes import RESULT_SCHEMA, Outcome, to_table
from jobs.plan.near_rule import Near
from jobs.planned import PlanDocument
from jobs.status import status_of
from rekscan.scans.create import create
from rekscan.scans.draft import Draft, plan_of
from rekscan.scans.films import leave_out_films
from rekscan.scans.listing import list_into, part_rows
from rekscan.scans.open import open_job
from rekscan.scans.terms import Terms
from rekscan.settings import resolve
from workers.config import connect
from workers.supervisor import Supervisor

LISTED, ANSWERED = "20261123-090000-beef", "20261122-090000-beef"
SHARD = 500
LABELS = parse(["labels"])
LOOKUPS = 5000


def etags(numbers: pa.Array) -> pa.Array:
    """A hash-like ETag of each number."""
    return pc.binary_join_element_wise("9b2cf535f27731c974", pc.utf8_lpad(numbers.cast(pa.string()), 14, "0"), "")


def listing(items: int) -> Iterator[pa.RecordBatch]:
    """Objects 0 to `items`; those of the second quarter are those of the first once more."""
    for start in range(0, items, 10_000):
        numbers = np.arange(start, min(items, start + 10_000))
        contents = pa.array(np.where(numbers < items // 4, numbers + items // 4, numbers))
        uris = pc.binary_join_element_wise("s3://archive/photos/IMG_", pa.array(numbers).cast(pa.string()), ".jpg", "")
        count, null = len(numbers), pa.nulls
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(numbers), uris, pa.repeat("image", count), pc.add(contents, 1000), etags(contents),
                null(count, pa.string()), null(count, MANIFEST_SCHEMA.field("modified").type), null(count, pa.string()),
            ],
            schema=MANIFEST_SCHEMA,
        )  # fmt: skip


def answer(folder: JobFolder, first: int, items: int, rows: int) -> None:
    """Result parts with answers on objects from number `first` on."""
    like = to_table([Outcome(0, "labels", "ok", units=1, attempts=1, sent="s3", response="{}", content="")])
    for part, start in enumerate(range(0, items, rows)):
        numbers = pa.array(np.arange(start + first, start + first + rows))
        contents = pc.binary_join_element_wise("etag", etags(numbers), pc.add(numbers, 1000).cast(pa.string()), ":")
        columns = {name: pa.repeat(like.column(name)[0], rows) for name in RESULT_SCHEMA.names}
        columns |= {"item_id": pa.array(np.arange(start, start + rows)), "content": contents}
        path = Path(folder.root) / f"results/shard-{part:06d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns, schema=RESULT_SCHEMA), path, compression="zstd")


def spec_of(folder: JobFolder, items: int) -> JobSpec:
    return JobSpec(
        folder.job, "2026-11-22T00:00:00+00:00", ("s3://archive",), LABELS, "us-east-1", "123456789012",
        items, SHARD, {}, PlanDocument(), {},
    )  # fmt: skip


def terms_of(home: str) -> Terms:
    return Terms(LABELS, resolve(home=home, region="us-east-1", shard_size=SHARD), "us-east-1", local=True)


# --- the steps: each is given the home and the number of items; what it returns is printed beside


def start(home: str, items: int) -> Any:
    return ""


def listing_and_plan(home: str, items: int) -> Any:
    counts, rows = Counts(), part_rows(SHARD)
    with JobFolder(home, LISTED).manifest_writer(rows) as writer:
        list_into(writer, listing(items), counts, rows=rows, look=leave_out_films(counts))
    return f"${plan_of(terms_of(home), counts).to_json()['total_usd']}"


def job_and_duplicates(home: str, items: int) -> Any:
    counts = Counts(images=items, s3_images=items, s3_items=items)
    drafted = Draft(JobFolder(home, LISTED), ("s3://archive",), counts, items, part_rows(SHARD))
    terms = terms_of(home)
    spec = create(drafted, terms, plan_of(terms, counts))
    return f"{spec.options.duplicates:,} items"


def answers_are_made(home: str, items: int) -> Any:
    folder, further = JobFolder(home, ANSWERED), JobFolder(home, f"{ANSWERED}-2")
    for made, first, rows in ((folder, items // 4, SHARD), (further, 2 * items, 2000)):
        answer(made, first, items // 2, rows)
        made.create(spec_of(made, items // 2))
    return f"{items // 2 // SHARD + items // 2 // 2000} parts"


def index(home: str, items: int) -> Any:
    index_job(JobFolder(home, ANSWERED), final=True)
    return _segments(home)


def index_and_merge(home: str, items: int) -> Any:
    index_job(JobFolder(home, f"{ANSWERED}-2"), final=True)
    return _segments(home)


def known_to_the_plan(home: str, items: int) -> Any:
    folder = JobFolder(home, ANSWERED)
    found = known_calls(
        manifest(JobFolder(home, LISTED)), Segments(home), folder.spec.apis, account="1", fit=True
    ).calls
    return found["labels"]


def lookups(home: str, items: int) -> Any:
    index = Index(Segments(home))
    calls = call_ids("1", LABELS[0], fit=True)
    asked = np.linspace(0, items - 1, LOOKUPS).astype(int)
    contents = [f"etag:{etag}:{n + 1000}" for etag, n in zip(etags(pa.array(asked)).to_pylist(), asked, strict=True)]
    return f"{sum(bool(index.find(content, calls)) for content in contents)} of {LOOKUPS}"


def items_of_shards(home: str, items: int) -> Any:
    """Ten shards, what each has twice too: what a worker reads before it begins."""
    folder = JobFolder(home, LISTED)
    shards = range(0, folder.spec.shards, folder.spec.shards // 10)
    return sum(len(folder.items(shard)) + len(duplicates(folder, shard)) for shard in shards)


def parts_listed(home: str, items: int) -> Any:
    return len(JobFolder(home, ANSWERED).result_parts())


def parts_counted(home: str, items: int) -> Any:
    """What `resume` and the status of an interrupted job do."""
    return costs.counters(JobFolder(home, ANSWERED))["ok:labels"]


def opened(home: str, items: int) -> Any:
    """On a Redis of its own; what it holds then, and how long `status` takes."""
    folder = JobFolder(home, LISTED)
    with Supervisor(home, logs=Path(home) / "logs") as supervisor:
        ledger = Ledger(connect(supervisor.redis()))
        empty = ledger.redis.info("memory")["used_memory"]
        began = time.perf_counter()
        open_job(ledger, folder)
        opened = time.perf_counter()
        status_of(folder, ledger)
        looked = time.perf_counter()
        held = (ledger.redis.info("memory")["used_memory"] - empty) / 1e6
        return f"{folder.spec.shards} shards, {held:.1f} MB, {opened - began:.2f} s, status {looked - opened:.3f} s"


def who_follows_whom(home: str, items: int) -> Any:
    """Of pictures as their decoders mark them: one in five is near one of the 50 before it."""
    with Marks() as marks:
        for start in range(0, items, 10_000):
            marks.add(marked(start, min(items, start + 10_000)))
        marks.group(Near(4))
        return f"{int(marks.follow().sum()):,} follow"


def marked(start: int, end: int) -> Iterator[Marked]:
    """Hashes by chance; one of a burst differs in a bit from another of it. Of one size, as one camera takes them."""
    chance = random.Random(start)
    hashes: list[int] = []
    for item in range(start, end):
        if hashes and chance.random() < 0.2:
            hashes.append(chance.choice(hashes[-50:]) ^ 1 << chance.randrange(64))
        else:
            hashes.append(chance.getrandbits(64))
        yield Marked(item, Mark(hashes[-1], 120, 120, 120), 4000, 3000)


def _segments(home: str) -> str:
    files = Segments(home).paths()
    return f"{len(files)} files, {sum(f.size for f in files) // 1_000_000} MB"


STEPS: dict[str, Callable[[str, int], Any]] = {
    step.__name__: step
    for step in (
        start,
        listing_and_plan,
        job_and_duplicates,
        answers_are_made,
        index,
        index_and_merge,
        known_to_the_plan,
        lookups,
        items_of_shards,
        parts_listed,
        parts_counted,
        opened,
        who_follows_whom,
    )
}


def one(name: str, home: str, items: int) -> None:
    began = time.process_time()
    found = STEPS[name](home, items)
    # Not ru_maxrss: a child starts with its parent's.
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps([f"{time.process_time() - began:.1f}", f"{peak:.0f}", str(found)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--only", nargs="*", default=list(STEPS))
    parser.add_argument("--keep", type=Path, help="work here, and leave it")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.one[0], asked.one[1], int(asked.one[2]))
        return
    with tempfile.TemporaryDirectory(prefix="rkt") as directory:
        rows: dict[str, list[str]] = {name: [name.replace("_", " ")] for name in asked.only}
        for items in asked.items:
            home = (asked.keep or Path(directory)) / str(items)
            for name in asked.only:
                command = [sys.executable, "-m", "benchmarks.ten_million", "--one", name, str(home), str(items)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                rows[name] += json.loads(done.stdout)
                print(items, name, *rows[name][-3:], flush=True)
    print(f"\n{environment()}\n")
    columns = [f"{items:,}: {what}" for items in asked.items for what in ("CPU s", "MB", "found")]
    print(table(["step", *columns], list(rows.values())))


if __name__ == "__main__":
    main()
