"""Trouble of this machine, its network or its credentials is never a picture's: the job waits or stops, and goes on."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.certificates import self_signed
from tests.support.raw_server import Serving
from tests.support.scans import Scan, emulator, make_photos, tables

FEW_FILES = (
    "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
    " runpy.run_module('rekscan', run_name='__main__')"
)
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
CREDENTIALS = """
import json, sys, time
runs = open(sys.argv[1], "ab")
runs.write(b".")
if runs.tell() > int(sys.argv[2]):
    sys.exit("the vault is sealed")
soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
print(json.dumps({"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": soon}))
"""


def scan(photos: Path, tmp_path: Path, url: str, *more: str, env: dict[str, str], api: str = "labels") -> Scan:
    return Scan(
        "scan", str(photos), "--api", api, "--yes", "--json", "--rekognition-endpoint-url", url, *more,
        home=tmp_path / "home", env=env,
    )  # fmt: skip


def test_few_open_files_slow_a_scan_and_fail_nothing(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 120)
    with emulator(tmp_path, "--latency", "1s") as rekognition:
        run = Scan(
            "scan", str(photos), "--api", "labels,faces,text", "--yes", "--json", "--tps", "labels=500", "--tps",
            "faces=500", "--tps", "text=500", "--rekognition-endpoint-url", rekognition.url,
            home=tmp_path / "home", program=("-c", FEW_FILES),
        )  # fmt: skip
        status = run.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", 360)
    assert tables(tmp_path / "home").rows("failures") == []


def test_credentials_that_cannot_be_renewed_block_the_job_and_resume_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    photos = make_photos(tmp_path / "photos", 40)
    (tmp_path / "vault.py").write_text(CREDENTIALS)
    process = f"{sys.executable} {tmp_path / 'vault.py'} {tmp_path / 'runs'} 13"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {process}\n")
    env = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    with emulator(tmp_path) as rekognition:
        code, out = scan(photos, tmp_path, rekognition.url, env=env).wait()
        assert (code, '"state": "blocked"' in out) == (4, True), out
        assert "the vault is sealed" in out
        assert "credentials" in out
        status = Scan("resume", "last", "--json", home=tmp_path / "home", env=KEYS).status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["failed"]) == ("finished", 40, 0)


@pytest.mark.parametrize("wire", ["lean", "boto3"])
def test_a_proxy_that_is_down_blocks_the_job(tmp_path: Path, wire: str) -> None:
    photos = make_photos(tmp_path / "photos", 3)
    env = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    code, out = scan(photos, tmp_path, "http://127.0.0.2:7", env={**KEYS, **env, "REKSCAN_WIRE": wire}).wait()
    assert (code, '"state": "blocked"' in out, "HTTPS_PROXY" in out) == (4, True, True), out


def test_a_certificate_that_is_not_trusted_blocks_the_job(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 3)
    with Serving(b"", self_signed(tmp_path), hold=True) as server:
        code, out = scan(photos, tmp_path, server.url, env={}).wait()
    assert (code, '"state": "blocked"' in out, "AWS_CA_BUNDLE" in out) == (4, True, True), out
