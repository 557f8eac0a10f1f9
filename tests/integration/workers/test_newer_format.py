"""A worker of this version meets a job of a later one: it says so, touches nothing of it, and does its other work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from jobs.documents import NEWEST
from jobs.ledger import Ledger
from jobs.ledger.keys import key
from tests.support.redis import RedisServer
from tests.support.scans import Scan, emulator, make_photos, workers
from tests.support.waiting import until
from workers import app, bell
from workers.reconcile import feed

SHARDS = 3


def submit(photos: Path, home: Path) -> Path:
    command = [sys.executable, "-m", "rekscan", "submit", str(photos), "--api", "labels", "--yes", "--beside"]
    done = subprocess.run(
        [*command, "--shard-size", "4", "--home", str(home)], capture_output=True, text=True, check=True
    )
    return home / done.stdout.strip()


def written_by_a_later_version(job: Path) -> bytes:
    """Give a job a format that no reader knows yet; what it was."""
    before = (job / "job.json").read_bytes()
    (job / "job.json").write_text(json.dumps({**json.loads(before), "format": NEWEST + 1}))
    return before


def files(job: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in job.rglob("*") if path.is_file()}


def test_a_worker_leaves_a_job_of_a_later_version_untouched_and_unblocked_and_does_the_others(
    tmp_path: Path, redis_server: RedisServer, redis: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, home, photos = Ledger(redis), tmp_path / "home", make_photos(tmp_path / "photos", 4 * SHARDS)
    app.configure(redis_server.url)
    monkeypatch.setenv("REKSCAN_REDIS_URL", redis_server.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    redis.set(key("reconciler"), "held by the test")  # so that nobody rings a second time
    with emulator(tmp_path) as rekognition:
        monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", rekognition.url)
        newer = submit(photos, home)
        whole = written_by_a_later_version(newer)
        before = files(newer)

        def handed_out() -> int:
            """How often one of its shards was."""
            return int(ledger.fields(newer.name).get("handed_out", 0))

        first = handed_out()
        with workers(1, tmp_path, {"REKSCAN_LEASE_SECONDS": "2"}):
            feed(ledger, newer.name, SHARDS, bell.ring)
            until(
                lambda: ledger.table(newer.name) == {"todo": SHARDS, "queued": 0, "held": 0},
                "all its shards are given back",
            )
            other = submit(make_photos(tmp_path / "others", 4), home)
            feed(ledger, other.name, 1, bell.ring)
            until(lambda: ledger.fields(other.name).get("state") == "finished", "the other job is done")
            assert rekognition.total() == 4  # of the other job
            assert handed_out() == first + SHARDS  # once for each time it was rung for: it does not spin
            assert files(newer) == before
            fields = ledger.fields(newer.name)
            assert (fields["state"], fields.get("reason", "")) == ("running", "")
            assert not redis.exists(key(newer.name, "lapses"))
            said = (tmp_path / "worker-0.log").read_text()
            assert said.count(f"job {newer.name} was written by a newer rekscan") == 1
            assert f"(format {NEWEST + 1}; this one reads up to {NEWEST})" in said

            (newer / "job.json").write_bytes(whole)  # as if the worker had been upgraded
            redis.delete(key("reconciler"))
            until(lambda: ledger.fields(newer.name).get("state") == "finished", "its shards were not lost")
        assert rekognition.total() == 4 * SHARDS  # four of its pictures the other job has answered


def test_the_command_line_refuses_a_job_of_a_later_version_and_lists_the_others(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 2)
    with emulator(tmp_path) as rekognition:
        env = {"AWS_ENDPOINT_URL_REKOGNITION": rekognition.url}
        for _ in range(2):
            scan = Scan("scan", str(photos), "--api", "labels", "--yes", "--json", home=tmp_path / "home", env=env)
            assert scan.status()["state"] == "finished"
        older, newer = sorted(path.parent for path in (tmp_path / "home").glob("*/job.json"))
        written_by_a_later_version(newer)
        before = files(newer)
        for number, command in enumerate(("status", "resume", "report", "retry", "costs"), 1):
            refused = Scan(command, newer.name, home=tmp_path / "home", env=env)
            assert refused.wait() == (1, "")
            assert refused.log.read_text().count(f"job {newer.name} was written by a newer rekscan") == number
        listed = Scan("jobs", "--json", home=tmp_path / "home", env=env)
        assert [row["job"] for row in json.loads(listed.wait()[1])] == [older.name]
        assert "newer rekscan" in listed.log.read_text()
        assert files(newer) == before
        assert rekognition.total() == 2
