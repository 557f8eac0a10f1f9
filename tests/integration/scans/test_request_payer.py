"""A source whose reader pays: listing and reading say so, the home's files do not, and Rekognition gets bytes."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs.apis.base import Limits
from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fetch import fetcher_of
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Preparer
from rekscan.scans.order import Order, plan_order
from rekscan.settings import resolve
from tests.support.pictures import encoded, picture

JPEG = encoded(picture(), "JPEG")
ETAG = hashlib.md5(JPEG).hexdigest()
LIST = (
    "<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Contents><Key>a.jpg</Key>"
    f"<LastModified>2026-11-27T00:00:00Z</LastModified><ETag>{ETAG}</ETag><Size>{len(JPEG)}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
).encode()


VERSIONS = (
    "<ListVersionsResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Version><Key>a.jpg</Key>"
    f"<VersionId>v1</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-27T00:00:00Z</LastModified>"
    f"<ETag>{ETAG}</ETag><Size>{len(JPEG)}</Size><StorageClass>STANDARD</StorageClass></Version></ListVersionsResult>"
).encode()


class Bucket(BaseHTTPRequestHandler):
    """A requester-pays bucket with one picture: whoever does not pay is denied."""

    def do_GET(self) -> None:
        pays = self.headers.get("x-amz-request-payer") == "requester"
        pays = pays and "x-amz-request-payer" in self.headers.get("authorization", "")  # it is signed, too
        body = LIST if "list-type" in self.path else VERSIONS if "versions" in self.path else JPEG
        body = body if pays else b"<Error><Code>AccessDenied</Code></Error>"
        self.send_response(200 if pays else 403)
        self.send_header("ETag", f'"{ETAG}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def bucket() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_a_listing_says_that_we_pay_and_the_job_remembers(bucket: str, tmp_path: Path) -> None:
    settings = resolve(None, home=str(tmp_path / "home"), region="us-east-1", s3_endpoint_url=bucket)
    planned = plan_order(["s3://b/"], ["labels"], Order(request_payer=True), settings, local=True)
    assert planned.plan.counts.images == 1
    assert planned.approved(yes=True).spec.options.request_payer


def test_versions_are_listed_at_our_cost_too(bucket: str, tmp_path: Path) -> None:
    settings = resolve(None, home=str(tmp_path / "home"), region="us-east-1", s3_endpoint_url=bucket)
    order = Order(request_payer=True, versions=True)
    assert plan_order(["s3://b/"], ["labels"], order, settings, local=True).plan.counts.images == 1


def test_a_picture_is_read_at_our_cost_and_sent_as_bytes(bucket: str) -> None:
    aws = Aws("us-east-1", s3_url=bucket, requester_pays=True)
    item = Item(0, "s3://b/a.jpg", "image", len(JPEG), ETAG)
    with DecoderPool() as pool:
        found = Preparer(pool, lambda: clients.s3(aws), objects=False).prepare(item, Limits(), s3_allowed=True)
        assert not isinstance(found, Skip)
        with found:
            assert (found.sent, found.image) == ("bytes", {"Bytes": JPEG})
    assert not isinstance(fetcher_of(aws)(item), Skip)
    assert isinstance(fetcher_of(Aws("us-east-1", s3_url=bucket))(item), Skip)  # the home's client pays for nothing
