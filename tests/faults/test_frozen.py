"""A worker, Redis or both frozen past a lease and thawed: what they know reaches the folder, and no cap is passed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.ledger.keys import key
from jobs.outcomes import Outcome
from tests.support.redis import RedisServer
from tests.support.scans import Emulator, emulator, make_photos
from tests.support.waiting import until

PHOTOS = 120
LEASE = 2  # seconds


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), PHOTOS)


@dataclass
class Cluster:
    """One shard's job, and workers that may hold it."""

    home: Path
    env: dict[str, str]
    server: RedisServer
    redis: "Redis[bytes]"
    stack: ExitStack
    job: str = ""

    def rekscan(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "rekscan", *words, "--json"], env=self.env, capture_output=True, text=True
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def submit(self, photos: Path, *more: str) -> None:
        words = ("--api", "labels", "--shard-size", str(PHOTOS), "--tps", "labels=30", "--yes")
        command = [sys.executable, "-m", "rekscan", "submit", str(photos), *words, *more]
        self.job = subprocess.run(command, env=self.env, capture_output=True, text=True, check=True).stdout.strip()

    def worker(self) -> "subprocess.Popen[bytes]":
        with (self.home.parent / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "rekscan", "worker"], env=self.env, stdout=log, stderr=log
            )
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)
        self.stack.callback(process.send_signal, signal.SIGCONT)
        return process

    def workers(self, asleep: str) -> "list[subprocess.Popen[bytes]]":
        """One, before `freeze_and_thaw` starts another; two where all are to sleep."""
        return [self.worker() for _ in range(2 if asleep == "all" else 1)]

    def holder(self) -> bytes | None:
        return self.redis.hget(key(self.job, "holders"), "0")

    def state(self) -> str:
        return (self.redis.hget(key(self.job), "state") or b"").decode()

    def is_over(self) -> bool:
        return bool(self.job) and not self.redis.exists(key(self.job, "open"))

    def freeze_and_thaw(self, asleep: str, rekognition: Emulator, workers: "list[subprocess.Popen[bytes]]") -> None:
        """The holder sleeps until the next one has made calls; or Redis, or all, past the lease."""
        until(lambda: rekognition.total() >= 10 and self.holder(), "the holder makes calls")
        if asleep != "the holder":
            self._all_sleep(workers if asleep == "all" else [])
            return
        first = self.holder()
        frozen = workers[0]
        os.kill(frozen.pid, signal.SIGSTOP)
        workers.append(self.worker())
        until(lambda: self.holder() not in (None, first), "another takes the shard")
        before = rekognition.total()
        until(lambda: rekognition.total() > before + 5, "it makes calls")
        os.kill(frozen.pid, signal.SIGCONT)

    def _all_sleep(self, workers: "list[subprocess.Popen[bytes]]") -> None:
        """Redis and these workers, until every lease is long over."""
        assert self.server.process is not None
        lapses = self.redis.zscore(key(self.job, "leases"), "0") or 0
        asleep = [self.server.process.pid, *(worker.pid for worker in workers)]
        try:
            for pid in asleep:
                os.kill(pid, signal.SIGSTOP)
            until(lambda: time.time() * 1000 > lapses + LEASE * 1000, "the lease is over")
        finally:
            for pid in asleep:
                os.kill(pid, signal.SIGCONT)

    def wait_for_the_end(self) -> None:
        until(self.is_over, "the job is over", seconds=60)

    def owned(self) -> int:
        """Units that the folder owns, those that may have been billed among them."""
        return sum(one.units + one.maybe_billed for one in self.rows())

    def rows(self) -> list[Outcome]:
        folder = JobFolder(str(self.home), self.job)
        return rows_of(folder, folder.parts_of(0))

    def unmarked(self, rekognition: Emulator) -> list[str]:
        """Pictures asked more often than the row of their answer owns."""
        owned = {(one.content or "").removeprefix("sha256:"): one for one in self.rows()}
        billed = rekognition.billed().get("DetectLabels", {})
        return [c for c, n in billed.items() if c in owned and n > owned[c].units + owned[c].maybe_billed]


@pytest.fixture
def cluster(tmp_path: Path, redis_server: RedisServer, redis: "Redis[bytes]") -> Iterator[Cluster]:
    env = {
        **os.environ, "REKSCAN_REDIS_URL": redis_server.url, "REKSCAN_HOME": str(tmp_path / "home"),
        "AWS_REGION": "us-east-1", "REKSCAN_LEASE_SECONDS": str(LEASE), "REKSCAN_SHARDS": "1",
    }  # fmt: skip
    with ExitStack() as stack:
        yield Cluster(tmp_path / "home", env, redis_server, redis, stack)


@contextmanager
def endpoint(cluster: Cluster, tmp_path: Path, *arguments: str) -> Iterator[Emulator]:
    with emulator(tmp_path, "--latency", "100ms", *arguments) as rekognition:
        cluster.env["AWS_ENDPOINT_URL_REKOGNITION"] = rekognition.url
        yield rekognition
        cluster.stack.close()  # workers, before what they call


def billed(rekognition: Emulator) -> int:
    return sum(sum(by.values()) for by in rekognition.billed().values())


def same_everywhere(cluster: Cluster) -> None:
    """What the job cost is the same for status, costs and folder."""
    status, costs = cluster.rekscan("status", cluster.job), cluster.rekscan("costs", cluster.job)
    assert (status["usd"]["actual"], status["usd"]["maybe"]) == (costs["usd"]["actual"], costs["usd"]["maybe"])
    assert round(1000 * (float(status["usd"]["actual"]) + float(status["usd"]["maybe"]))) == cluster.owned()


@pytest.mark.parametrize("asleep", ["the holder", "Redis", "all"])
def test_what_the_thawed_know_counts_and_the_cap_holds_over_a_resume(
    photos: Path, cluster: Cluster, tmp_path: Path, asleep: str
) -> None:
    with endpoint(cluster, tmp_path) as rekognition:
        cluster.submit(photos, "--max-cost", "0.10")
        workers = cluster.workers(asleep)
        cluster.freeze_and_thaw(asleep, rekognition, workers)
        cluster.wait_for_the_end()
        assert rekognition.stands_still() == billed(rekognition) <= 100
        until(lambda: cluster.owned() >= billed(rekognition), "the thawed one has written what it knows")
        same_everywhere(cluster)
        assert cluster.unmarked(rekognition) == []

        status = cluster.rekscan("resume", cluster.job, "--max-cost", "0.11")
        assert (status["state"], status["reason"]) == ("incomplete", "budget")
        assert billed(rekognition) <= cluster.owned() <= 110
        same_everywhere(cluster)


@pytest.mark.parametrize("asleep", ["the holder", "all"])
def test_what_the_thawed_know_of_a_cancelled_job_counts(
    photos: Path, cluster: Cluster, tmp_path: Path, asleep: str
) -> None:
    with endpoint(cluster, tmp_path) as rekognition:
        cluster.submit(photos, "--tps", "labels=12")  # time to be cancelled in
        workers = cluster.workers(asleep)
        cluster.freeze_and_thaw(asleep, rekognition, workers)
        cluster.rekscan("cancel", cluster.job)
        cluster.wait_for_the_end()
        rekognition.stands_still()
        until(lambda: cluster.owned() >= billed(rekognition), "the thawed one has written what it knows")
        same_everywhere(cluster)
        paid = billed(rekognition)
        answered = sum(one.outcome == "ok" for one in cluster.rows())
        status = cluster.rekscan("resume", cluster.job)
        assert (status["state"], status["calls"]["ok"]) == ("finished", PHOTOS)
        assert billed(rekognition) == paid + PHOTOS - answered  # no recorded answer is asked for again
        assert cluster.unmarked(rekognition) == []
        same_everywhere(cluster)


@pytest.mark.parametrize("asleep", ["the holder", "Redis"])
def test_a_holder_that_loses_a_retry_does_not_end_it(
    photos: Path, cluster: Cluster, tmp_path: Path, asleep: str
) -> None:
    with endpoint(
        cluster, tmp_path, "--fault", f"DetectLabels:400:InvalidImageFormatException:{PHOTOS}"
    ) as rekognition:
        cluster.submit(photos, "--tps", "labels=100")
        workers = cluster.workers(asleep)
        cluster.wait_for_the_end()
        assert cluster.rekscan("status", cluster.job)["calls"]["failed"] == PHOTOS
        asked = rekognition.total()
        retry = subprocess.Popen(
            [sys.executable, "-m", "rekscan", "retry", cluster.job, "--json"], env=cluster.env, stdout=subprocess.PIPE
        )
        until(lambda: rekognition.total() >= asked + 10, "the retry makes calls")
        cluster.freeze_and_thaw(asleep, rekognition, workers)
        out, _ = retry.communicate(timeout=90)
        status = json.loads(out)
        assert (retry.returncode, status["state"], status["calls"]["ok"]) == (0, "finished", PHOTOS)
        rekognition.stands_still()
        until(lambda: cluster.owned() >= billed(rekognition), "the thawed one has written what it knows")
        assert cluster.unmarked(rekognition) == []
        same_everywhere(cluster)
