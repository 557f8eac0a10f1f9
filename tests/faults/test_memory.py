"""No memory left, for real (a limit on the address space of living processes): of a worker, and of a decoder."""

import json
import resource
import struct
from pathlib import Path

import pytest
from PIL import Image
from redis import Redis

from jobs.ledger.keys import key
from tests.support.redis import RedisServer
from tests.support.scans import (
    Emulator,
    Scan,
    Tables,
    asked_twice_is_marked,
    emulator,
    left_in_redis,
    limited,
    make_photos,
    only_counters_are_left,
    same_tables,
    tables,
    workers,
)
from tests.support.waiting import until

PHOTOS = 40
ANSWERS = 2  # of which tests/faults/short_of_memory.py cannot read
SPARE = 48 << 20  # bytes that a limited process may still take: enough for small things, too little for a large picture
LARGE = range(12, 16)  # the numbers of those


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures, and among them some in files of 50 MB, which are mostly a hole."""
    directory = make_photos(tmp_path_factory.mktemp("photos"), PHOTOS)
    for number in LARGE:
        (directory / f"photo-{number:04d}.jpg").unlink()
        with (directory / f"photo-{number:04d}.bmp").open("wb") as file:
            head = b"BM", 54 + 3 * 100 * 84, 0, 0, 54, 40, 100, 84, 1, 24, 0, 0, 0, 0, 0, 0
            file.write(struct.pack("<2sIHHIIiiHHIIiiII", *head) + bytes([number]))
            file.truncate(50 << 20)
    return directory


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start(photos, directory / "home", running, tps=200).status()["state"] == "finished"
    return tables(directory / "home")


def start(source: Path, home: Path, rekognition: Emulator, *, tps: int = 6, calls: int = 3, **more: str) -> Scan:
    env = {"REKSCAN_CALLS": str(calls), "REKSCAN_SHARDS": "1", **more}
    return Scan(
        "scan", str(source), "--api", "faces", "--yes", "--json", "--shard-size", "40", "--tps", f"faces={tps}",
        "--rekognition-endpoint-url", rekognition.url, home=home, env=env,
    )  # fmt: skip


def address_space(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


def memory_errors(home: Path) -> int:
    return (home / ".rekscan" / "logs" / "worker-0.log").read_text().count("\nMemoryError")


def test_a_worker_without_memory_lives_and_goes_on_when_it_has_some_again(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition)
    until(lambda: rekognition.total() > 6, "some calls are made")
    (worker,) = scan.children("workers")
    with limited([worker], resource.RLIMIT_AS, address_space(worker) + SPARE):
        until(lambda: memory_errors(home) > 1, "the worker has met it twice")
        assert scan.children("workers") == [worker]
    until(lambda: rekognition.total() > PHOTOS // 2, "calls are made again")
    assert scan.children("workers") == [worker]
    status = scan.status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["failed"]) == ("finished", PHOTOS, 0)
    found = tables(home)
    same_tables(found, undisturbed, "images", "faces")
    assert rekognition.total() <= PHOTOS + sum(row["maybe_billed"] for row in found.outcomes())
    assert left_in_redis(home) == {key(found.folder.name)}


def test_a_worker_that_stays_without_memory_blocks_the_job_and_burns_no_picture(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition)
    until(lambda: rekognition.total() > 6, "some calls are made")
    (worker,) = scan.children("workers")
    with limited([worker], resource.RLIMIT_AS, address_space(worker) + SPARE):
        code, out = scan.wait()
    status = json.loads(out)
    assert (code, status["state"], status["calls"]["failed"]) == (4, "blocked", 0)
    assert "MemoryError" in status["reason"]
    assert "more memory" in status["do"]
    assert rekognition.total() < PHOTOS
    resumed = Scan("resume", "last", "--json", home=home).status()
    assert (resumed["state"], resumed["calls"]["ok"], resumed["calls"]["failed"]) == ("finished", PHOTOS, 0)
    found = tables(home)
    same_tables(found, undisturbed, "images", "faces")
    assert rekognition.total() <= PHOTOS + sum(row["maybe_billed"] for row in found.outcomes())


def test_an_answer_there_was_no_memory_for_is_marked_and_asked_for_again(
    photos: Path,
    tmp_path: Path,
    rekognition: Emulator,
    redis_server: RedisServer,
    redis: Redis,
    undisturbed: Tables,
) -> None:
    home = tmp_path / "home"
    env = {"REKSCAN_REDIS_URL": redis_server.url, "AWS_REGION": "us-east-1"}
    with workers(1, tmp_path, env, program="tests.faults.short_of_memory"):
        status = start(photos, home, rekognition, tps=50, **env).status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["failed"]) == ("finished", PHOTOS, 0)
    found = tables(home)
    same_tables(found, undisturbed, "images", "faces")
    assert status["calls"]["maybe_billed"] == asked_twice_is_marked(found, rekognition) == ANSWERS
    assert rekognition.total() == PHOTOS + ANSWERS
    only_counters_are_left(redis, found)


def test_a_picture_that_does_not_fit_into_its_decoder_is_a_row_and_its_mates_complete(
    tmp_path: Path, rekognition: Emulator
) -> None:
    photos = make_photos(tmp_path / "photos", 20)
    Image.new("RGB", (100, 100)).save(photos / "a-small.tiff")
    Image.new("RGB", (6000, 6000)).save(photos / "z-large.tiff", compression="tiff_adobe_deflate")  # few bytes, 144 MB
    home = tmp_path / "home"
    scan = start(photos, home, rekognition, calls=1)
    until(lambda: rekognition.total() > 0, "the first picture, which starts a decoder, is sent")
    (worker,) = scan.children("workers")
    (decoder,) = scan.children("jobs.media.child", of=worker)
    with limited([decoder], resource.RLIMIT_AS, address_space(decoder) + SPARE):
        status = scan.status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["skipped"]) == ("finished", 21, 1)
    rows = {row["uri"].rpartition("/")[2]: (row["status"], row["reason"]) for row in tables(home).rows("images")}
    assert rows["z-large.tiff"] == ("skipped", "bomb")
    assert rekognition.total() == 21
