from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from jobs.aws.lean.s3_spans import Span, SpanReader
from tests.support.raw_server import Serving
from tests.support.s3_server import S3Server, s3_server

KEYS = ["a.jpg", "dir/with space+plus%25~é'(1)*!@$&=;:,.jpg", "a//b/../c.jpg", "\x01.jpg"]
BODY = bytes(range(256)) * 4


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("heads", dict.fromkeys(KEYS, BODY))
        yield server


@pytest.mark.parametrize("key", [key for key in KEYS if ".." not in key])
def test_the_beginning_of_an_object_and_what_is_inside_as_boto3_gives_it(s3: S3Server, key: str) -> None:
    client = s3.client()
    etag = client.head_object(Bucket="heads", Key=key)["ETag"].strip('"')
    found = SpanReader(client).read("heads", key, 300, etag=etag, version=None)
    assert found is not None
    assert (found.data, found.total, found.etag) == (BODY[:300], len(BODY), etag)
    whole = SpanReader(client).read("heads", key, 5000, etag=None, version=None)
    assert whole is not None
    assert (whole.data, whole.total) == (BODY, len(BODY))
    inner = SpanReader(client).read("heads", key, 20, first=1000, etag=etag, version=None)
    assert inner is not None
    assert (inner.data, inner.total) == (BODY[1000:1020], len(BODY))
    assert SpanReader(client).read("heads", key, 20, first=len(BODY), etag=etag, version=None) is None


@pytest.mark.parametrize("length", ["Content-Length: 1000000000000\r\n", ""])
def test_a_server_that_does_not_know_ranges_is_read_no_further_than_asked(s3: S3Server, length: str) -> None:
    head = f'HTTP/1.1 200 OK\r\nETag: "e"\r\n{length}\r\n'.encode()
    with Serving(lambda: chain([head], repeat(bytes(65536))), reads=b"") as server:
        found = SpanReader(S3Server(server.url).client()).read("heads", "a.jpg", 300, etag=None, version=None)
        assert server.left.wait(30)  # and not kept for another request
        assert server.sent < 8 << 20  # what lay between us
    assert found == (Span(bytes(300), 10**12, "e") if length else None)


def test_its_connection_is_used_again(s3: S3Server) -> None:
    client = s3.client()
    client._endpoint.http_session._manager.clear()
    for _ in range(3):
        assert SpanReader(client).read("heads", "a.jpg", 300, etag=None, version=None)
    (pool,) = [client._endpoint.http_session._manager.connection_from_url(s3.url)]
    assert (pool.num_connections, pool.num_requests) == (1, 3)


def test_whatever_is_no_plain_success_is_left_to_boto3(s3: S3Server) -> None:
    reader = SpanReader(s3.client())
    assert reader.read("heads", "a.jpg", 300, etag="0" * 32, version=None) is None
    assert reader.read("heads", "none.jpg", 300, etag=None, version=None) is None
    assert reader.read("no-such-bucket", "a.jpg", 300, etag=None, version=None) is None
    assert reader.read("arn:aws:s3:us-east-1:1:accesspoint/x", "a.jpg", 300, etag=None, version=None) is None


@pytest.fixture(scope="module")
def session() -> boto3.session.Session:
    return boto3.session.Session(aws_access_key_id="AKID", aws_secret_access_key="secret")


@pytest.mark.parametrize(
    "options",
    [
        {"region_name": "us-east-1"},
        {"region_name": "eu-west-1"},
        {"region_name": "us-gov-west-1"},
        {"region_name": "eu-west-1", "config": Config(s3={"addressing_style": "path"})},
        {"region_name": "eu-west-1", "config": Config(s3={"use_dualstack_endpoint": True})},
        {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:9"},
    ],
)
@pytest.mark.parametrize("bucket", ["plain-bucket", "dotted.bucket.name"])
@pytest.mark.parametrize("version", [None, "v+/1"])
def test_requests_go_where_boto3_sends_them_signed_for_the_same_scope(
    session: boto3.session.Session, options: dict[str, Any], bucket: str, version: str | None
) -> None:
    once = Config(retries={"total_max_attempts": 1}).merge(options.get("config", Config()))
    client = session.client("s3", **{**options, "config": once})
    seen: list[tuple[str, str]] = []

    def send(request: Any) -> Any:
        signature = request.headers["Authorization"]
        signature = signature.decode() if isinstance(signature, bytes) else signature
        scope = signature.partition("Credential=")[2].partition(",")[0]
        seen.append((request.url, scope))
        raise EndpointConnectionError(endpoint_url=request.url)

    client._endpoint.http_session.send = send
    for key in KEYS:
        seen.clear()
        assert SpanReader(client).read(bucket, key, 300, etag=None, version=version) is None
        (ours,) = seen
        seen.clear()
        more = {"VersionId": version} if version else {}
        with pytest.raises(EndpointConnectionError):
            client.get_object(Bucket=bucket, Key=key, Range="bytes=0-299", **more)
        assert seen == [ours]
