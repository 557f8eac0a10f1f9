"""A cluster: two worker hosts with separate working directories, one Redis, the job home and the source on S3."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from jobs.ledger.keys import key
from tests.support.redis import RedisServer
from tests.support.s3_server import s3_server
from tests.support.scans import Scan, emulator, kept_in, make_photos, same_tables, tables
from tests.support.waiting import until

BUCKET = "archive"


@pytest.fixture
def s3_url() -> Iterator[str]:
    with s3_server() as server:
        yield server.url


@pytest.fixture
def archive(s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket with pictures under odd keys, a folder, an archived object and a text file."""
    for name, value in (("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3_url, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    for path in sorted(make_photos(tmp_path / "photos", 60).iterdir()):
        client.put_object(Bucket=BUCKET, Key=f"2019/a b/100% é/{path.name}", Body=path.read_bytes())
    client.put_object(Bucket=BUCKET, Key="2019/folder/", Body=b"")
    client.put_object(Bucket=BUCKET, Key="2019/notes.txt", Body=b"no picture")
    client.put_object(Bucket=BUCKET, Key="2019/cold.jpg", Body=b"x" * 100, StorageClass="GLACIER")
    client.put_object(Bucket=BUCKET, Key="2019/fake.jpg", Body=b"no picture at all")
    return client


def test_two_hosts_share_one_job_over_one_redis_with_its_home_on_s3(
    archive: Any, s3_url: str, tmp_path: Path, redis_server: RedisServer, redis: Any
) -> None:
    env = {"AWS_ENDPOINT_URL_S3": s3_url, "REKSCAN_REDIS_URL": redis_server.url, "REKSCAN_HOME": f"s3://{BUCKET}/jobs"}
    with ExitStack() as stack:
        rekognition = stack.enter_context(emulator(tmp_path, "--latency", "50ms"))
        for host in ("one", "two"):
            directory = tmp_path / host
            directory.mkdir()
            worker = subprocess.Popen(
                [sys.executable, "-m", "rekscan", "worker", "--name", host], cwd=directory, env={**os.environ, **env}
            )
            stack.callback(worker.wait)
            stack.callback(worker.terminate)
        run = {**os.environ, **env, "AWS_ENDPOINT_URL_REKOGNITION": rekognition.url}
        command = [sys.executable, "-m", "rekscan"]
        submitted = subprocess.run(
            [*command, "submit", f"s3://{BUCKET}/2019/", "--api", "labels,faces", "--yes", "--shard-size", "10"],
            env=run, capture_output=True, text=True, check=True,
        )  # fmt: skip
        job = submitted.stdout.strip()
        watched = subprocess.run([*command, "watch", job, "--json"], env=run, capture_output=True, text=True)
        assert watched.returncode == 0, watched.stderr
        assert rekognition.total() == 60 * 2
        assert all(key.startswith("s3://") for by in rekognition.counts().values() for key in by)
    fs = pafs.S3FileSystem(endpoint_override=s3_url.removeprefix("http://"), scheme="http", region="us-east-1")
    images = pq.read_table(f"{BUCKET}/jobs/{job}/reports/images.parquet", filesystem=fs).to_pylist()
    assert len(images) == 64
    reasons = {row["uri"].rpartition("/")[2]: row["reason"] for row in images if row["status"] == "skipped"}
    assert reasons == {
        "": "folder",
        "notes.txt": "not-media",
        "cold.jpg": "archived: GLACIER",
        "fake.jpg": "not-an-image",
    }
    assert sum(row["uri"].startswith(f"s3://{BUCKET}/2019/a b/100% é/") for row in images) == 60
    parts = fs.get_file_info(pafs.FileSelector(f"{BUCKET}/jobs/{job}/results"))
    assert len(parts) == 7
    until(lambda: kept_in(redis) == {key(job)}, "only the counters are left")


def test_scan_of_s3_with_separate_endpoints_runs_here(archive: Any, s3_url: str, tmp_path: Path) -> None:
    with emulator(tmp_path) as rekognition:
        scan = Scan(
            "scan", f"s3://{BUCKET}/2019/", "--api", "moderation", "--yes", "--json",
            "--s3-endpoint-url", s3_url, "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
        )  # fmt: skip
        status = scan.status()
    assert status["state"] == "finished"
    assert status["calls"] == {"planned": 61, "ok": 60, "skipped": 1, "failed": 0, "not_asked": 0, "maybe_billed": 0}


def test_versions_are_pinned_when_asked_for(archive: Any, s3_url: str, tmp_path: Path) -> None:
    archive.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    data = (tmp_path / "photos" / "photo-0000.jpg").read_bytes()
    version = archive.put_object(Bucket=BUCKET, Key="pinned/one.jpg", Body=data)["VersionId"]
    with emulator(tmp_path) as rekognition:
        status = Scan(
            "scan", f"s3://{BUCKET}/pinned/", "--api", "labels", "--yes", "--json", "--versions",
            "--s3-endpoint-url", s3_url, "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
        ).status()  # fmt: skip
    assert status["calls"]["ok"] == 1
    manifest = next((tmp_path / "home").glob("*/manifest/part-00000.parquet"))
    assert pq.read_table(manifest).column("version").to_pylist() == [version]


def test_a_worker_told_to_stop_gives_its_work_back_at_once_and_nothing_is_paid_twice(
    tmp_path: Path, redis_server: RedisServer, redis: Any
) -> None:
    photos = make_photos(tmp_path / "photos", 80)
    env = {**os.environ, "REKSCAN_REDIS_URL": redis_server.url, "REKSCAN_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "rekscan"]
    with ExitStack() as stack:
        rekognition = stack.enter_context(emulator(tmp_path, "--latency", "100ms"))
        env |= {"AWS_ENDPOINT_URL_REKOGNITION": rekognition.url, "AWS_REGION": "us-east-1"}

        def worker() -> subprocess.Popen[bytes]:
            process = subprocess.Popen([*command, "worker"], env=env)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        first = worker()
        words = ["submit", str(photos), "--api", "labels", "--yes", "--tps", "labels=15", "--shard-size", "20"]
        job = subprocess.run([*command, *words], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        until(lambda: rekognition.total() > 15, "some calls are made")
        first.terminate()
        assert first.wait(30) == 0
        # Given back by the worker, not taken from it by time: no lease is left to lapse.
        assert redis.zcard(key(job, "leases")) == 0
        assert rekognition.total() < 80
        worker()
        watched = subprocess.run([*command, "watch", job, "--json"], env=env, stdout=subprocess.PIPE, check=False)
        assert watched.returncode == 0
        assert rekognition.total() == 80
        calm = [
            "submit",
            str(photos),
            "--api",
            "labels",
            "--yes",
            "--tps",
            "labels=200",
            "--home",
            str(tmp_path / "calm"),
        ]
        subprocess.run([*command, *calm], env=env, check=True)
        subprocess.run([*command, "watch", "last", "--home", str(tmp_path / "calm")], env=env, check=True)
    same_tables(tables(tmp_path / "home"), tables(tmp_path / "calm"), "images", "labels")


def test_a_small_job_does_not_wait_behind_a_large_one(tmp_path: Path, redis_server: RedisServer, redis: Any) -> None:
    env = {**os.environ, "REKSCAN_REDIS_URL": redis_server.url, "REKSCAN_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "rekscan"]
    large, small = make_photos(tmp_path / "large", 600), tmp_path / "small"
    small.mkdir()
    for number, photo in enumerate(sorted(large.iterdir())[:5]):
        (small / photo.name).write_bytes(photo.read_bytes() + bytes([number]))  # other pictures, to the ledger
    with ExitStack() as stack:
        rekognition = stack.enter_context(emulator(tmp_path, "--latency", "100ms"))
        env |= {"AWS_ENDPOINT_URL_REKOGNITION": rekognition.url, "AWS_REGION": "us-east-1"}
        worker = subprocess.Popen([*command, "worker", "--shards", "3"], env=env)
        stack.callback(worker.wait)
        stack.callback(worker.terminate)

        def rekscan(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run([*command, *words], env=env, stdout=subprocess.PIPE, text=True, check=False)

        options = ["--api", "labels", "--yes", "--tps", "labels=10", "--shard-size", "200"]
        first = rekscan("submit", str(large), *options).stdout.strip()
        until(lambda: redis.zcard(key(first, "leases")) == 3 and rekognition.total() > 10, "every slot is taken")
        second = rekscan("submit", str(small), "--beside", *options).stdout.strip()
        assert rekscan("watch", second, "--json").returncode == 0
        status = json.loads(rekscan("status", first, "--json").stdout)
        assert status["state"] == "running"
        assert status["calls"]["ok"] < 400  # no shard of the large job had to end first
        rekscan("cancel", first)
