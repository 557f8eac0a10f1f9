"""What Amazon SNS is told when a video job ends: AWS's message, published to the topic that its Start named.

Rule: it goes to the one SNS endpoint the emulator was given, never to AWS by accident. What SNS refuses is given up,
with a line on stderr; what cannot be brought there is tried again.
The message: docs.aws.amazon.com/rekognition/latest/dg/video-notification-payload.html.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import boto3
import botocore.config
import orjson
from botocore.exceptions import BotoCoreError, ClientError

from emulator.errors import OptionError
from emulator.videos.store import Job, JobStore

_ROUND = 0.1  # seconds between looks whether a job has ended
_PAUSE = 5.0  # seconds until an endpoint that was not reached is tried again


class Notices:
    def __init__(self, jobs: JobStore, endpoint_url: str) -> None:
        """Raises OptionError for what is no URL."""
        self._jobs = jobs
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}  # by Region
        self._client("us-east-1")

    async def publish(self) -> None:
        """For as long as the emulator runs."""
        while True:
            for job in self._jobs.untold():
                try:
                    await asyncio.to_thread(self._send, job)
                except ClientError as refused:
                    print(f"SNS refused the end of {job.id}: {refused}", file=sys.stderr, flush=True)
                except BotoCoreError as lost:
                    print(f"SNS was not told the end of {job.id} yet: {lost}", file=sys.stderr, flush=True)
                    await asyncio.sleep(_PAUSE)
                    continue
                self._jobs.told(job)
            await asyncio.sleep(_ROUND)

    def _send(self, job: Job) -> None:
        topic = job.request["NotificationChannel"]["SNSTopicArn"]
        region = topic.split(":")[3]  # arn:aws:sns:us-east-1:123456789012:name, as the service's model wants it
        self._client(region).publish(TopicArn=topic, Message=message(job))

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")  # nobody else is asked, over no network
            session = boto3.Session()
            keys = {} if session.get_credentials() else {"aws_access_key_id": "emulator", "aws_secret_access_key": "-"}
            retries = {"total_max_attempts": 1, "mode": "standard"}
            config = botocore.config.Config(retries=retries, connect_timeout=5, read_timeout=30)
            try:
                client = session.client(
                    "sns", region_name=region, endpoint_url=self._endpoint_url, config=config, **keys
                )
            except ValueError:
                text = f"SNS endpoint {self._endpoint_url}: write a URL, as http://127.0.0.1:9911"
                raise OptionError(text) from None
            self._clients[region] = client
        return self._clients[region]


def message(job: Job) -> str:
    """AWS's, of a job that has ended."""
    assert job.ends is not None
    place = job.request["Video"]["S3Object"]
    said = {
        "JobId": job.id,
        "Status": job.status,
        "API": job.operation,
        **({"JobTag": job.request["JobTag"]} if "JobTag" in job.request else {}),
        "Timestamp": round(job.ends * 1000),
        "Video": {"S3ObjectName": place["Name"], "S3Bucket": place["Bucket"]},
    }
    return orjson.dumps(said).decode()
