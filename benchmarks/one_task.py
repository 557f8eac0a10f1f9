"""The other baseline: one Celery task an image, 64 threads, a throttled call is retried by Celery after a second.

python -m benchmarks.one_task URL --seconds 30
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from celery import Celery

from workers.config import broker_url
from workers.supervisor import Supervisor

app = Celery("one_task")
app.conf.update(
    broker_url=broker_url(os.environ.get("ONE_TASK_REDIS", "redis://")),
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
)
_client: Any = None


@app.task(name="one_task.detect", bind=True, max_retries=30, default_retry_delay=1)  # type: ignore[untyped-decorator]
def detect(self: Any, name: str) -> None:
    global _client
    if _client is None:
        _client = boto3.client(
            "rekognition",
            region_name="us-east-1",
            endpoint_url=os.environ["ONE_TASK_URL"],
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=64),
        )
    try:
        _client.detect_labels(Image={"S3Object": {"Bucket": "archive", "Name": name}}, MaxLabels=50)
    except ClientError as error:
        raise self.retry(exc=error) from error


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--items", type=int, default=8_000)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    with (
        TemporaryDirectory(prefix="rkb") as directory,
        Supervisor(str(Path(directory) / "home"), logs=Path(directory)) as supervisor,
    ):
        redis = supervisor.redis()
        app.conf.broker_url = broker_url(redis)
        for number in range(given.items):
            detect.delay(f"photos/IMG_{number:07d}.jpg")
        command = [
            sys.executable, "-m", "celery", "--app", "benchmarks.one_task", "worker", "--pool=threads",
            "--concurrency=64", "--loglevel=CRITICAL", "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        environment = os.environ | {"ONE_TASK_REDIS": redis, "ONE_TASK_URL": given.url}
        worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(given.seconds + 4)
        worker.kill()
        worker.wait()
    print(json.dumps({"failed": "-"}))


if __name__ == "__main__":
    main()
