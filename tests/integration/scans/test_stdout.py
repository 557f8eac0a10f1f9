"""What a scan prints: stdout is for results alone, whoever else has something to say."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.s3_server import s3_server
from tests.support.scans import emulator, make_photos


def test_json_of_a_home_on_s3_is_all_of_stdout_and_the_logs_have_a_place(tmp_path: Path) -> None:
    with s3_server() as s3, emulator(tmp_path) as rekognition:
        s3.bucket("archive", {path.name: path.read_bytes() for path in make_photos(tmp_path / "photos", 3).iterdir()})
        done = subprocess.run(
            [sys.executable, "-m", "rekscan", "scan", "s3://archive/", "--api", "labels", "--yes", "--json",
             "--home", "s3://archive/jobs"],
            env={
                **os.environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_S3": s3.url, "AWS_ENDPOINT_URL_REKOGNITION": rekognition.url,
                "REKSCAN_DATA": str(tmp_path / "data"),
            },
            capture_output=True,
            text=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "finished"
    assert done.stderr.startswith("job ") and done.stderr.count("\n") == 1
    logs = {path.name: path.read_text() for path in (tmp_path / "data" / "logs").rglob("*.log")}
    assert set(logs) == {"redis-0.log", "worker-0.log"}
    assert "Ready to accept connections" in logs["redis-0.log"]
