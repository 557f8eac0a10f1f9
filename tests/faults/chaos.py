"""Seeded chaos, as long as asked: `make chaos FLAGS="--seconds 3600 --seed 7"`.

Each round scans the same pictures while something is killed, frozen, wiped or cut off at random moments, resumes what
stopped, and holds the tables against an undisturbed run and the requests against what the rows own up to.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from jobs.ledger.keys import key
from tests.support.proxy import Proxy, proxy
from tests.support.scans import (
    Emulator,
    Scan,
    Tables,
    emulator,
    left_in_redis,
    make_photos,
    requests_of_calls,
    tables,
)
from tests.support.waiting import until
from workers.config import connect
from workers.supervisor import local_redis_url

PHOTOS, BROKEN = 150, 6
CALLS = PHOTOS * 2  # faces; labels and properties share one
ENV = {"REKSCAN_LEASE_SECONDS": "3", "REKSCAN_READ_TIMEOUT": "5"}
FAULTS = ("*:500:3%", "*:400:ThrottlingException:3%", "*:reset:1%")


def kill_worker(scan: Scan, network: Proxy) -> None:
    for pid in scan.children("workers")[:1]:
        os.kill(pid, signal.SIGKILL)


def kill_redis(scan: Scan, network: Proxy) -> None:
    for pid in scan.children("redis.sock"):
        os.kill(pid, signal.SIGKILL)


def freeze_redis(scan: Scan, network: Proxy) -> None:
    for pid in scan.children("redis.sock"):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(4)  # longer than a lease
        os.kill(pid, signal.SIGCONT)


def wipe_redis(scan: Scan, network: Proxy) -> None:
    if url := local_redis_url(str(scan.home)):
        connect(url).flushall()


def stop_worker(scan: Scan, network: Proxy) -> None:
    for pid in scan.children("workers")[:1]:
        os.kill(pid, signal.SIGTERM)


def power_cut(scan: Scan, network: Proxy) -> None:
    scan.kill_everything()


def interrupt(scan: Scan, network: Proxy) -> None:
    scan.process.send_signal(signal.SIGINT)


def silence_rekognition(scan: Scan, network: Proxy) -> None:
    network.silence()
    time.sleep(2)  # shorter than the tries of a call last
    network.mend()


def cut_rekognition(scan: Scan, network: Proxy) -> None:
    network.cut()
    time.sleep(2)
    network.mend()


# What may be paid twice without a mark: the last second of a Redis that dies (docs/guarantees.md, "Not promised").
BLOWS: dict[Callable[[Scan, Proxy], None], int] = {
    kill_worker: 0,
    stop_worker: 0,
    freeze_redis: 0,
    interrupt: 0,
    silence_rekognition: 0,
    cut_rekognition: 0,
    kill_redis: 60,
    power_cut: 60,
    wipe_redis: 60,
}


def start(photos: Path, home: Path, url: str) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "labels,faces,properties", "--yes", "--json", "--shard-size", "25",
        "--tps", "labels=30,faces=30", "--rekognition-endpoint-url", url, home=home,
        env={**ENV, "REKSCAN_WORKERS": "2"},
    )  # fmt: skip


def made(scan: Scan, rekognition: Emulator, calls: int) -> bool:
    return rekognition.total() >= calls or scan.process.poll() is not None


def round_of(dice: random.Random, photos: Path, calm: Tables, directory: Path) -> str:
    """One disturbed scan; what was done to it."""
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    with (
        emulator(directory, "--latency", "50ms", "--seed", str(dice.randrange(10**6)), *faults) as rekognition,
        proxy(rekognition.url) as network,
    ):
        scan = start(photos, directory / "home", f"http://{network.address}")
        done: list[str] = []
        unmarked = 0
        for _ in range(dice.randint(1, 3)):
            until(
                partial(made, scan, rekognition, rekognition.total() + dice.randint(10, CALLS // 3)), "calls are made"
            )
            if scan.process.poll() is not None:
                break
            blow = dice.choice(list(BLOWS))
            done.append(blow.__name__)
            unmarked += BLOWS[blow]
            blow(scan, network)
            if blow in (power_cut, interrupt):
                scan.process.wait(60)
                scan = Scan("resume", "last", "--json", home=directory / "home", env=ENV)
        status = scan.status()
        assert status["state"] == "finished", (done, status)
        check(tables(directory / "home"), calm, rekognition, unmarked, done)
    return ", ".join(done)


def check(found: Tables, calm: Tables, rekognition: Emulator, unmarked: int, done: list[str]) -> None:
    for name in ("images", "labels", "faces", "properties"):
        assert found.rows(name) == calm.rows(name), (done, name)
    # Requests refused by the faults count as attempts too.
    calls = requests_of_calls(found, rekognition).values()
    hidden = sum(max(0, asked - row["attempts"]) for asked, row in calls)
    assert hidden <= unmarked, (done, hidden)
    assert left_in_redis(found.folder.parent) == {key(found.folder.name)}, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    deadline, seed = time.monotonic() + asked.seconds, asked.seed
    with tempfile.TemporaryDirectory(prefix="rk") as name:
        root = Path(name)
        photos = make_photos(root / "photos", PHOTOS, broken=BROKEN)
        with emulator(root) as rekognition:
            assert start(photos, root / "calm", rekognition.url).status()["state"] == "finished"
        calm = tables(root / "calm")
        while time.monotonic() < deadline:
            directory = root / str(seed)
            directory.mkdir()
            print(f"seed {seed}: {round_of(random.Random(seed), photos, calm, directory)}", flush=True)
            seed += 1
    print(f"{seed - asked.seed} rounds: every table as undisturbed, every call paid twice marked or allowed for")


if __name__ == "__main__":
    main()
