"""Seeded chaos, as long as asked: `make chaos FLAGS="--seconds 3600 --seed 7"`.

Each round scans the same pictures while something is killed, frozen or wiped at random moments, resumes what stopped,
and holds the tables against an undisturbed run and the requests against what the rows own up to.
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

from tests.scans import Emulator, Scan, Tables, emulator, make_photos, tables
from tests.waiting import until
from workers.config import connect
from workers.supervisor import local_redis_url

PHOTOS, BROKEN = 150, 6
CALLS = PHOTOS * 2  # faces; labels and properties share one
FAULTS = ("*:500:3%", "*:400:ThrottlingException:3%", "*:reset:1%")


def kill_worker(scan: Scan, rekognition: Emulator) -> None:
    for pid in scan.children("workers")[:1]:
        os.kill(pid, signal.SIGKILL)


def kill_redis(scan: Scan, rekognition: Emulator) -> None:
    for pid in scan.children("redis.sock"):
        os.kill(pid, signal.SIGKILL)


def freeze_redis(scan: Scan, rekognition: Emulator) -> None:
    for pid in scan.children("redis.sock"):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(4)  # longer than a lease
        os.kill(pid, signal.SIGCONT)


def wipe_redis(scan: Scan, rekognition: Emulator) -> None:
    if url := local_redis_url(str(scan.home)):
        connect(url).flushall()


def stop_worker(scan: Scan, rekognition: Emulator) -> None:
    for pid in scan.children("workers")[:1]:
        os.kill(pid, signal.SIGTERM)


def power_cut(scan: Scan, rekognition: Emulator) -> None:
    scan.kill_everything()


def interrupt(scan: Scan, rekognition: Emulator) -> None:
    scan.process.send_signal(signal.SIGINT)


# What may be paid twice without a mark: the last second of a Redis that dies (docs/guarantees.md, "Not promised").
BLOWS: dict[Callable[[Scan, Emulator], None], int] = {
    kill_worker: 0,
    stop_worker: 0,
    freeze_redis: 0,
    interrupt: 0,
    kill_redis: 60,
    power_cut: 60,
    wipe_redis: 60,
}


def start(photos: Path, home: Path, rekognition: Emulator) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "labels,faces,properties", "--yes", "--json", "--shard-size", "25",
        "--tps", "labels=30,faces=30", "--rekognition-endpoint-url", rekognition.url, home=home,
        env={"REKSCAN_LEASE_SECONDS": "3", "REKSCAN_WORKERS": "2"},
    )  # fmt: skip


def made(scan: Scan, rekognition: Emulator, calls: int) -> bool:
    return rekognition.total() >= calls or scan.process.poll() is not None


def round_of(dice: random.Random, photos: Path, calm: Tables, directory: Path) -> str:
    """One disturbed scan; what was done to it."""
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    with emulator(directory, "--latency", "50ms", "--seed", str(dice.randrange(10**6)), *faults) as rekognition:
        scan = start(photos, directory / "home", rekognition)
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
            blow(scan, rekognition)
            if blow in (power_cut, interrupt):
                scan.process.wait(60)
                scan = Scan("resume", "last", "--json", home=directory / "home", env={"REKSCAN_LEASE_SECONDS": "3"})
        status = scan.status()
        assert status["state"] == "finished", (done, status)
        check(tables(directory / "home"), calm, rekognition, unmarked, done)
    return ", ".join(done)


def check(found: Tables, calm: Tables, rekognition: Emulator, unmarked: int, done: list[str]) -> None:
    for name in ("images", "labels", "faces", "properties"):
        assert found.rows(name) == calm.rows(name), (done, name)
    rows = [row for row in found.outcomes() if row["api"] != "properties"]
    attempts = sum(row["attempts"] for row in rows)
    assert rekognition.total() <= attempts + unmarked, (done, rekognition.total(), attempts)


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
            assert start(photos, root / "calm", rekognition).status()["state"] == "finished"
        calm = tables(root / "calm")
        while time.monotonic() < deadline:
            directory = root / str(seed)
            directory.mkdir()
            print(f"seed {seed}: {round_of(random.Random(seed), photos, calm, directory)}", flush=True)
            seed += 1
    print(f"{seed - asked.seed} rounds: every table as undisturbed, every call paid twice marked or allowed for")


if __name__ == "__main__":
    main()
