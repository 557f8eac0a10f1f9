"""What a boto3 client waits for: a server that drips, or sends interim answers without end, is given up."""

import io
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.paced import pace
from tests.support.raw_server import Serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def client(url: str) -> Any:
    found = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2, s3={"addressing_style": "path"}),
    )  # fmt: skip
    pace(found)
    return found


def drip(*first: bytes) -> Callable[[], Iterator[bytes]]:
    def script() -> Iterator[bytes]:
        yield from first
        yield from repeat(b"a")

    return script


@pytest.mark.parametrize(
    ("script", "slow"),
    [
        (drip(b"HTTP/1.1 200 OK\r\nX-A: "), True),
        (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"), True),
        (lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), False),
    ],
)
def test_an_answer_that_never_ends_is_given_up(script: Any, slow: bool) -> None:
    with Serving(script, slow=slow, reads=b"") as server, pytest.raises((BotoCoreError, HTTPError)):
        client(server.url).get_object(Bucket="b", Key="k")["Body"].read()


@pytest.mark.parametrize(
    "script",
    [
        drip(b"HTTP/1.1 100 "),
        drip(b"HTTP/1.1 100 Continue\r\nX-A: "),
        drip(b"HTTP/1.1 403 No\r\nContent-Length: 99999\r\n\r\n"),
        b"HTTP/1.1 100 Continue\r\nX-A: b\r\n",  # and the server leaves
    ],
)
def test_a_file_that_is_uploaded_waits_for_no_leave_that_never_comes(script: Any) -> None:
    with Serving(script, slow=callable(script), reads=b"") as server, pytest.raises((BotoCoreError, HTTPError)):
        client(server.url).put_object(Bucket="b", Key="k", Body=io.BytesIO(b"a picture"))


def test_an_answer_that_is_there_is_read() -> None:
    with Serving(OK + b"hello", reads=b"") as server:
        assert client(server.url).get_object(Bucket="b", Key="k")["Body"].read() == b"hello"


@pytest.mark.parametrize("make", [clients.s3, clients.rekognition])
def test_clients_are_made_so(make: Any) -> None:
    pools = make(Aws("us-east-1", rekognition_url="http://127.0.0.1:9", s3_url="http://127.0.0.1:9"))
    kinds = pools._endpoint.http_session._pool_classes_by_scheme.values()
    assert {kind.__module__ for kind in kinds} == {"jobs.aws.paced"}
