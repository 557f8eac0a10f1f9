"""Whole scans whose home is on S3: by a profile with a role, and while S3 refuses what is written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws_config import held_to_policies, write_config, write_role_config
from tests.support.s3_gateway import Asked, Refusal, s3_gateway
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import emulator, make_photos


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("homes", {})
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One of its own: scans of one home share their Redis and their workers."""
    name = f"s3://homes/{tmp_path.name}-{os.getpid()}"
    monkeypatch.setenv("REKSCAN_HOME", name)
    return name


def rekscan(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rekscan", *words], capture_output=True, text=True)


def test_a_home_that_only_the_profile_s_role_may_use(
    s3: S3Server, home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = make_photos(tmp_path / "photos", 12)
    with held_to_policies(s3, role="archive") as keys, emulator(tmp_path) as rekognition:
        write_role_config(tmp_path, s3.url, keys, "archive", monkeypatch)
        flags = ["--profile", "archive", "--rekognition-endpoint-url", rekognition.url]
        scanned = rekscan("scan", str(photos), "--api", "labels", "--yes", "--json", "--shard-size", "5", *flags)
        assert scanned.returncode == 0, scanned.stdout[-1500:] + scanned.stderr[-3000:]
        asked = rekscan(
            "sql", "last", "select count(*) as n from images where status = 'ok'", "--format", "csv", *flags
        )
        assert asked.stdout.split() == ["n", "12"], asked.stderr
        refused = rekscan("jobs", "--profile", "base")
    assert refused.returncode == 1
    assert f"S3 denies access to {home}" in refused.stderr


def test_a_home_that_refuses_results_blocks_the_job_and_resume_pays_nothing_again(
    s3: S3Server, home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = make_photos(tmp_path / "photos", 12)
    write_config(
        tmp_path, "[default]\naws_access_key_id = t\naws_secret_access_key = t\nregion = us-east-1\n", monkeypatch
    )
    refusing = True

    def denied(asked: Asked) -> Refusal | None:
        return (
            Refusal(403, "AccessDenied") if refusing and asked.method == "PUT" and "/results/" in asked.path else None
        )

    with s3_gateway(s3.url, denied) as gateway, emulator(tmp_path) as rekognition:
        flags = ["--json", "--s3-endpoint-url", gateway.url, "--rekognition-endpoint-url", rekognition.url]
        scanned = rekscan("scan", str(photos), "--api", "labels", "--yes", "--shard-size", "5", *flags)
        assert scanned.returncode == 4, scanned.stderr
        state, _ = json.JSONDecoder().raw_decode(scanned.stdout[scanned.stdout.index('{\n  "job"') :])
        assert state["state"] == "blocked"
        assert f"S3 denies access to {home}" in state["reason"]
        assert "s3:PutObject" in state["do"]
        refusing = False
        resumed = rekscan("resume", "last", *flags)
        assert resumed.returncode == 0, resumed.stderr
        counted = sum(rekognition.counts()["DetectLabels"].values())
    assert counted >= 12
