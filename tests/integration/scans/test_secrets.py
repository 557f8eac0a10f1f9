"""A password, a signature, a token: whatever a scan is given to get in, it leaves nowhere but in the job's manifest."""

import functools
import http.server
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from redis import Redis

from jobs.errors import RekscanError
from rekscan.cli import run
from reports.pictures import open_item
from tests.support.redis import RedisServer
from tests.support.scans import Emulator, emulator, make_photos, tables

SECRET = "KEEPOUT"
SIGNED = f"X-Amz-Credential={SECRET}1&X-Amz-Date=20261127&X-Amz-Signature={SECRET}2"


class _Pictures(http.server.SimpleHTTPRequestHandler):
    """Refuses who has no signature, as a bucket does, and says in its answer what it was asked for."""

    def do_GET(self) -> None:
        if SECRET not in self.path:
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    folder = make_photos(tmp_path / "photos", 4)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Pictures, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def rekognition(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(tmp_path) as running:
        yield running


def _told(path: Path) -> str:
    """All of a file that can be read out of it."""
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        return f"{table.schema}{table.to_pylist()}"
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return "".join(book.read(name).decode(errors="replace") for name in book.namelist())
    return path.read_bytes().decode(errors="replace")


def test_no_secret_of_a_list_or_an_endpoint_leaves_the_manifest(
    web: str, rekognition: Emulator, tmp_path: Path
) -> None:
    urls = [
        f"http://{web}/photo-0000.jpg?{SIGNED}",
        f"http://{web}/photo-0000.jpg?{SIGNED}&w=5",
        f"http://{web}/photo-0001.jpg?token={SECRET}3",
        f"http://{web}/photo-0001.jpg?token={SECRET}4",
        f"http://me:{SECRET}@{web}/photo-0002.jpg?{SIGNED}",
        f"http://{web}/nosuch.jpg?{SIGNED}",
        f"http://127.0.0.1:9/away.jpg?{SIGNED}",
        f"ftp://me:{SECRET}@h/a.jpg",
    ]
    (tmp_path / "list.txt").write_text("\n".join(urls))
    home = tmp_path / "home"
    env = {
        **os.environ, "AWS_REGION": "us-east-1", "REKSCAN_HOME": str(home), "REKSCAN_LOG": "DEBUG",
        "REKSCAN_S3_ENDPOINT_URL": f"http://me:{SECRET}@127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": f"{SECRET}5", "REKSCAN_REKOGNITION_ENDPOINT_URL":
        rekognition.url.replace("//", f"//me:{SECRET}@"),
    }  # fmt: skip
    said = ""
    for words in (
        [
            "scan",
            str(tmp_path / "list.txt"),
            "--api",
            "labels",
            "--api",
            "index-faces:collection=people",
            "--yes",
            "--allow-private-urls",
        ],
        ["report", "last", "--format", "csv,parquet,jsonl,xlsx,html,review"],
        ["sql", "last", "select uri, message from failures"],
        ["sql", "last", "--json", "select * from images"],
        ["status", "--json"],
        ["jobs", "--json"],
        ["doctor"],
    ):
        done = subprocess.run([sys.executable, "-m", "rekscan", *words], env=env, capture_output=True, text=True)
        assert done.returncode in (0, 1, 3), done.stderr
        said += done.stdout + done.stderr
    assert SECRET not in said
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {path.name for path in files if SECRET in _told(path)} == {"part-00000.parquet"}
    assert [path.parent.name for path in files if SECRET in _told(path)] == ["manifest"]
    assert {"job.json", "report.html", "answers.jsonl", "worker-0.log", "appendonly.aof.1.incr.aof"} <= {
        path.name for path in files
    }

    rows = tables(home).rows("images")
    assert [row["status"] for row in rows] == ["ok"] * 5 + [
        "skipped",
        "failed",
        "skipped",
    ]  # they were fetched with all they need
    shown = [row["uri"] for row in rows]
    assert len(set(shown)) == len(rows)
    assert shown[0] == f"http://{web}/photo-0000.jpg?signature=***"
    with pytest.raises(RekscanError, match="signed"):
        open_item(rows[0])


@pytest.mark.parametrize("words", [["status"], ["jobs"], ["watch"], ["submit", ".", "--api", "labels"], ["doctor"]])
def test_no_error_has_the_password_of_redis(
    words: list[str],
    redis_server: RedisServer,
    redis: Redis,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks.synthetic_job import make_job

    make_job(tmp_path, 1)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    path = redis_server.url.removeprefix("unix://")
    redis.config_set("requirepass", "right")
    try:
        for url in (
            f"redis://:{SECRET}@127.0.0.1:9/0",
            f"redis://127.0.0.1:9/0?password={SECRET}",
            f"unix://me:{SECRET}@{path}",
            f"unix://{path}?password={SECRET}",
        ):
            assert run([*words, "--home", str(tmp_path), "--redis-url", url]) == 1
            out, err = capfd.readouterr()
            assert "***" in out + err
            assert SECRET not in out + err
    finally:
        redis.execute_command("AUTH", "right")
        redis.config_set("requirepass", "")
