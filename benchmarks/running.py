"""What the speed benchmarks share: an emulator that counts, real jobs on real workers, and the CPU time of processes.

A job's items are S3 objects whose size is known and which nobody looks at (`--no-peek`), so that calls are what is
measured, not files. Everything after the listing is the product: the ledger, Celery, worker processes, the gate.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from jobs.apis import parse, requests
from jobs.counts import Counts
from jobs.files import Aws
from jobs.folder import JobFolder, new_job_id
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.ledger import Ledger
from rekscan.scans.create import create
from rekscan.scans.draft import Draft, plan_of
from rekscan.scans.open import open_job
from rekscan.scans.terms import Terms
from rekscan.settings import resolve
from rekscan.testing import Emulator
from workers.config import WorkerConfig, connect
from workers.limits import DEFAULTS
from workers.reconcile import slots
from workers.supervisor import Supervisor

OPERATIONS = {
    "labels": "DetectLabels",
    "faces": "DetectFaces",
    "text": "DetectText",
    "moderation": "DetectModerationLabels",
}


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, with that of its children that have ended; 0 when it is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def environment() -> str:
    """Date and machine, for the heading of a table."""
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({model}), load {load} at the end"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the emulator saw of one operation: (seconds since the first call, let in)."""

    calls: list[tuple[float, bool]]

    @classmethod
    def of(cls, emulator: Emulator, operation: str, since: float | None = None) -> "Traffic":
        with urllib.request.urlopen(f"{emulator.url}/admin/arrivals?operation={operation}") as answer:
            calls = json.load(answer)["arrivals"]
        first = since if since is not None else calls[0][0] if calls else 0.0
        return cls([(at - first, accepted) for at, accepted in calls])

    def rate(self, start: float, end: float) -> float:
        """Calls let in per second."""
        return sum(accepted for at, accepted in self.calls if start <= at < end) / (end - start)

    def refused(self, start: float, end: float) -> int:
        return sum(not accepted for at, accepted in self.calls if start <= at < end)

    def refused_share(self, start: float, end: float) -> float:
        return self.refused(start, end) / max(1, sum(start <= at < end for at, _ in self.calls))

    @property
    def end(self) -> float:
        return self.calls[-1][0]


def set_quotas(emulator: Emulator, *quotas: str) -> None:
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{emulator.url}/admin/quotas", json.dumps(quotas).encode(), kind)
    urllib.request.urlopen(request).read()


@dataclass(slots=True)
class Running:
    """A job under way on worker processes of its own."""

    supervisor: Supervisor
    ledger: Ledger
    folder: JobFolder
    empty_bytes: int = 0  # what Redis used before it held anything
    _before: dict[str, float] = field(default_factory=dict)

    def done(self) -> int:
        return sum(n for name, n in self.ledger.progress(self.folder.job).items() if name.startswith("ok:"))

    def over(self) -> bool:
        return self.ledger.fields(self.folder.job).get("state") not in ("running", None)

    def tend(self, seconds: float) -> None:
        """Wait; the workers feed themselves."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.over():
            time.sleep(min(0.5, max(0.0, end - time.monotonic())))

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of `worker` and `redis` processes."""
        return {what: sum(map(cpu_seconds, pids)) for what, pids in self.supervisor.pids.items()}


def objects(items: int) -> Iterator[pa.RecordBatch]:
    """Objects of which no two are equal."""
    for start in range(0, items, 10_000):
        yield to_batch(
            Item(n, f"s3://archive/photos/{n // 1000:04d}/IMG_{n:07d}.jpg", "image", 250_000, f"{n:032x}")
            for n in range(start, min(items, start + 10_000))
        )


@contextmanager
def scanning(
    emulator: Emulator,
    items: int,
    *,
    apis: str = "labels",
    tps: dict[str, float] | None = None,
    exact: bool = True,
    workers: int = 1,
    calls: int = DEFAULTS.calls,
    shards: int = DEFAULTS.shards,
    shard_size: int | None = None,
    listing: Callable[[int], Iterable[pa.RecordBatch]] | None = None,
) -> Iterator[Running]:
    """A job on `items` objects, begun. `tps`: by API; without it, faster than any machine. `listing`: other items."""
    with TemporaryDirectory(prefix="rkb") as directory:
        home = Path(directory) / "home"
        os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_REGION="us-east-1")
        choices = parse([apis])
        settings = resolve(home=str(home), endpoint_url=emulator.url, region="us-east-1", shard_size=shard_size)
        settings = settings.with_shards_for(len(requests(choices)))
        folder = JobFolder(str(home), new_job_id(), Aws(s3_url=emulator.url))
        counts = Counts()
        with folder.manifest_writer() as writer:
            for batch in (listing or objects)(items):
                counts.add_batch(batch)
                writer.add_batch(batch)
        rates = {OPERATIONS[name]: (tps or {}).get(name, 100_000.0) for name in apis.split(",")}
        terms = Terms(choices, settings, "us-east-1", peek=False, tps=rates)
        plan = plan_of(terms, counts)
        if not exact:
            plan = replace(plan, rates=tuple(replace(rate, source="aws-text") for rate in plan.rates))
        drafted = Draft(folder, ("s3://archive/photos",), counts, items)
        create(drafted, terms, plan)
        with Supervisor(str(home), logs=Path(directory) / "logs") as supervisor:
            url = supervisor.redis()
            ledger = Ledger(connect(url))
            empty = int(ledger.redis.info("memory")["used_memory"])
            supervisor.workers(WorkerConfig(redis_url=url, shards=shards, calls=calls), workers)
            running = Running(supervisor, ledger, folder, empty)
            _until_ready(ledger, workers * shards)
            open_job(ledger, folder, rekognition_url=emulator.url)
            yield running


def _until_ready(ledger: Ledger, all_slots: int) -> None:
    deadline = time.monotonic() + 30
    while slots(ledger) < all_slots:
        if time.monotonic() > deadline:
            raise RuntimeError("the workers did not start")
        time.sleep(0.1)


def baseline(module: str, *arguments: str) -> "subprocess.Popen[str]":
    """A script to compare with, in a process of its own; it prints one JSON line at its end."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def table(header: list[str], rows: list[list[Any]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])
