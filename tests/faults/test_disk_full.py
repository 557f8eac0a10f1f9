"""A full disk: of the workers, of Redis, of who makes a job. Real writes fail midway, by a limit on file sizes."""

import json
import resource
import tempfile
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from jobs.ledger.keys import key
from tests.support.redis import RedisServer
from tests.support.scans import (
    Emulator,
    Scan,
    Tables,
    emulator,
    left_in_redis,
    limited,
    make_photos,
    only_counters_are_left,
    same_tables,
    tables,
)
from tests.support.waiting import until
from workers.config import connect

PHOTOS = 60


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), PHOTOS, broken=2)


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start(photos, directory / "home", running, tps=200).status()["state"] == "finished"
    return tables(directory / "home")


def start(photos: Path, home: Path, rekognition: Emulator, *, tps: int = 12, **more: object) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "faces", "--yes", "--json", "--shard-size", "10", "--tps", f"faces={tps}",
        "--rekognition-endpoint-url", rekognition.url, home=home, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_part_that_does_not_fit_on_the_disk_blocks_the_job_and_resume_pays_nothing_again(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition)
    part = until(lambda: next(home.glob("*/results/shard-*.parquet"), None), "a first part is written")
    with limited(scan.children("workers"), resource.RLIMIT_FSIZE, part.stat().st_size // 2):
        code, out = scan.wait()
    status = json.loads(out)
    assert (code, status["state"]) == (4, "blocked")
    assert "the job's folder: [Errno 27] File too large" in status["reason"]
    assert "Make room" in status["do"]
    before = rekognition.total()
    assert before < PHOTOS
    assert not list(home.rglob("*.tmp"))
    resumed = Scan("resume", "last", "--json", home=home).status()
    assert (resumed["state"], resumed["calls"]["ok"], resumed["calls"]["maybe_billed"]) == ("finished", PHOTOS, 0)
    assert rekognition.total() == PHOTOS
    same_tables(tables(home), undisturbed, "images", "faces")
    assert left_in_redis(home) == {key(tables(home).folder.name)}


def test_tables_that_do_not_fit_on_the_disk_block_the_job_and_resume_makes_them(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    scan = start(photos, home, rekognition, tps=40)
    workers = until(lambda: scan.children("workers"), "a worker runs")
    most = max(path.stat().st_size for path in undisturbed.folder.glob("results/*.parquet")) + 100
    assert most < (undisturbed.folder / "reports" / "faces.csv").stat().st_size
    with limited(workers, resource.RLIMIT_FSIZE, most):
        code, out = scan.wait()
    assert (code, json.loads(out)["state"]) == (4, "blocked")
    assert "the job's folder" in json.loads(out)["reason"]
    assert not [path.name for path in home.glob("*/reports/*") if path.suffix in (".csv", ".parquet")]
    assert Scan("resume", "last", "--json", home=home).status()["state"] == "finished"
    assert rekognition.total() == PHOTOS
    same_tables(tables(home), undisturbed, "images", "faces")


@pytest.mark.parametrize("file", ["manifest/part-00000.parquet", "job.json"])
def test_a_job_that_does_not_fit_on_the_disk_is_refused_and_leaves_nothing(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables, file: str
) -> None:
    most = (undisturbed.folder / file).stat().st_size - 1
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))"
    program = ("-c", f"{limit}; from rekscan.cli import main; main()")
    scan = start(photos, tmp_path / "home", rekognition, program=program)
    assert scan.wait() == (1, "")
    said = scan.log.read_text()
    assert "cannot be written: [Errno 27] File too large" in said
    assert "Make room" in said
    assert "Traceback" not in said
    assert [path.name for path in (tmp_path / "home").iterdir() if not path.name.startswith(".")] == []
    assert rekognition.total() == 0


def cannot_write(redis: "Redis[bytes]") -> bool:
    try:
        return bool(redis.info("persistence")["aof_last_write_status"] == "err")
    except ResponseError:  # it refuses even the PING of a new connection
        return True


def test_while_redis_cannot_write_to_its_disk_nothing_is_paid_and_then_the_job_goes_on(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    home = tmp_path / "home"
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")), restore_signals=False)
    env = {"REKSCAN_REDIS_URL": server.url, "REKSCAN_LEASE_SECONDS": "3"}
    worker = Scan("worker", home=home, env=env)
    try:
        scan = start(photos, home, rekognition, env=env)
        until(lambda: rekognition.total() > 15, "some calls are made")
        written = max(path.stat().st_size for path in server.directory.rglob("*.aof"))
        with limited([server.process.pid], resource.RLIMIT_FSIZE, written):
            redis = connect(server.url)
            until(lambda: cannot_write(redis), "Redis cannot write")
            assert rekognition.stands_still() < PHOTOS
            assert scan.process.poll() is None
        status = scan.status()
        assert (status["state"], status["calls"]["ok"]) == ("finished", PHOTOS)
        found = tables(home)
        same_tables(found, undisturbed, "images", "faces")
        assert rekognition.total() <= PHOTOS + sum(row["maybe_billed"] for row in found.outcomes())
        only_counters_are_left(redis, found)
    finally:
        worker.process.terminate()
        worker.process.wait(30)
        server.stop()
