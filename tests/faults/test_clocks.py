"""A worker whose clock is wrong: leases, the gate and the journal go by Redis's clock, so nothing else is."""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from jobs.aws import object_faults as on_s3
from jobs.aws.faults import Kind, understand
from jobs.items import Item
from jobs.ledger.keys import key
from tests.support.redis import RedisServer
from tests.support.scans import (
    Emulator,
    Scan,
    Tables,
    emulator,
    make_photos,
    only_counters_are_left,
    same_tables,
    tables,
)
from tests.support.waiting import until
from workers.config import connect

PHOTOS = 60
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), PHOTOS, broken=2)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    running = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start(photos, directory / "home", running, 200, {}).status()["state"] == "finished"
    return tables(directory / "home")


def start(photos: Path, home: Path, rekognition: Emulator, tps: int, env: dict[str, str]) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "faces", "--yes", "--json", "--shard-size", "5", "--tps", f"faces={tps}",
        "--rekognition-endpoint-url", rekognition.url, home=home, env=env,
    )  # fmt: skip


@pytest.mark.parametrize("off", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_worker_an_hour_off_takes_its_share_and_no_shard_twice(
    photos: Path, tmp_path: Path, server: RedisServer, undisturbed: Tables, off: timedelta
) -> None:
    env = {"REKSCAN_REDIS_URL": server.url, "REKSCAN_LEASE_SECONDS": "3"}
    words = ("worker", "--shards", "1")
    right = Scan(*words, home=tmp_path / "home", env=env)
    wrong = Scan(
        f"{off.total_seconds()}", *words, home=tmp_path / "home", env=env, program=("-m", "tests.faults.skewed")
    )
    redis = connect(server.url)
    try:
        until(lambda: redis.zcard(key("workers")) == 2, "both workers are there")
        with emulator(tmp_path, "--latency", "60ms") as rekognition:
            status = start(photos, tmp_path / "home", rekognition, 15, env).status()
            assert (status["state"], status["calls"]["ok"]) == ("finished", PHOTOS)
            assert status["calls"]["maybe_billed"] == 0
            assert rekognition.total() == PHOTOS
    finally:
        for worker in (right, wrong):
            worker.process.terminate()
            worker.process.wait(30)
    found = tables(tmp_path / "home")
    same_tables(found, undisturbed, "images", "faces")
    away = [abs(row["started_at"] - datetime.now(UTC)) for row in found.outcomes() if row["started_at"]]
    assert min(away) < HOUR / 2 < max(away)  # both have worked
    only_counters_are_left(redis, found)


def test_a_signature_of_a_wrong_clock_blocks_the_job_and_says_so(photos: Path, tmp_path: Path) -> None:
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "right"}
    env = {"REKSCAN_REDIS_URL": server.url, **keys}
    worker = Scan("3600", "worker", home=tmp_path / "home", env=env, program=("-m", "tests.faults.skewed"))
    try:
        with emulator(tmp_path, "--verify-key", "AKIA:right") as rekognition:
            code, out = start(photos, tmp_path / "home", rekognition, 20, env).wait()
            assert rekognition.billed() == {}
        status = json.loads(out)
        assert (code, status["state"], status["calls"]["failed"]) == (4, "blocked", 0)
        assert status["reason"].startswith("InvalidSignatureException: Signature")
        assert "clock" in status["do"]
    finally:
        worker.process.terminate()
        worker.process.wait(30)
        server.stop()


@pytest.mark.parametrize(
    ("code", "message", "what"),
    [
        (
            "InvalidSignatureException",
            "Signature expired: 20261126T091500Z is now earlier than 20261126T101000Z",
            "clock",
        ),
        ("InvalidSignatureException", "Signature not yet current: 20261126T111500Z is still later than ...", "clock"),
        ("InvalidSignatureException", "The request signature we calculated does not match ...", "credentials"),
        ("RequestExpired", "Request has expired.", "clock"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", "clock"),
    ],
)
def test_what_aws_says_of_a_wrong_clock_is_the_jobs_fault(code: str, message: str, what: str) -> None:
    error = ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "DetectFaces"
    )
    fault = understand(error, "DetectFaces")
    assert fault.kind is Kind.JOB
    assert what in fault.do
    of_object = on_s3.of_object(error, Item(0, "s3://b/k", "image"))
    assert ("clock" in of_object.do) == (code == "RequestTimeTooSkewed")
