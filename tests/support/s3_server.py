"""A real S3 server for the tests of sources and media: moto's, over HTTP, in a thread."""

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

_turn = threading.Lock()


@cache
def _session() -> boto3.session.Session:
    """Made once, for it reads megabytes of descriptions. Not boto3's own, whose state is that of what is tested."""
    return boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")


class S3Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, region: str = "us-east-1") -> Any:
        with _turn:  # a session makes one client at a time
            return _session().client(
                "s3",
                endpoint_url=self.url,
                region_name=region,
                config=Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=32),
            )

    def bucket(self, name: str, objects: dict[str, bytes], region: str = "us-east-1") -> str:
        client = self.client(region)
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=name, **place)
        self.fill(name, objects)
        return name

    def fill(self, bucket: str, objects: dict[str, bytes]) -> None:
        """As so many PutObject would, but for the requests, which cost a hundred times what they bring."""
        for key, body in objects.items():
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, key, body)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        # moto keeps one state for all servers of a process: what earlier tests left must not be in a bucket.
        urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).read()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()
