"""Access points as sources: boto3's own client, asked for real, its requests answered before they are sent."""

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from jobs.apis.base import Limits
from jobs.errors import UsageError
from jobs.media.check import Skip
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Preparer
from jobs.sources import enumerate_sources, split_s3
from tests.support.pictures import encoded, picture

POINT = "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine"
OUTPOST = "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-01234567890123456/accesspoint/mine"
JPEG = encoded(picture(), "JPEG")
LIST = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Contents><Key>p/a.jpg</Key>"
    b"<LastModified>2026-11-27T00:00:00Z</LastModified><ETag>e</ETag><Size>9</Size><StorageClass>STANDARD</StorageClass>"
    b"</Contents></ListBucketResult>"
)


class Body:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def stream(self, **_: Any) -> Any:
        yield self.data

    def read(self, count: int | None = None) -> bytes:
        found, self.data = self.data[:count], self.data[len(self.data) if count is None else count :]
        return found

    def close(self) -> None:
        return


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def client(asked: list[str]) -> Any:
    session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")
    found = session.client("s3", region_name="eu-west-1")

    def answer(request: Any, **_: Any) -> AWSResponse:
        asked.append(request.url)
        body = LIST if "list-type=2" in request.url else JPEG
        return AWSResponse(request.url, 200, {"content-length": str(len(body)), "etag": '"e"'}, Body(body))

    found.meta.events.register("before-send.s3", answer)
    return found


@pytest.mark.parametrize("start", ["", "s3://"])
@pytest.mark.parametrize(
    ("arn", "host"),
    [
        (POINT, "mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"),
        (OUTPOST, "mine-123456789012.op-01234567890123456.s3-outposts.eu-west-1.amazonaws.com"),
    ],
)
def test_an_access_point_is_listed_and_its_pictures_are_sent_as_bytes(
    client: Any, asked: list[str], start: str, arn: str, host: str
) -> None:
    (item,) = enumerate_sources([f"{start}{arn}/p/"], s3_client_factory=lambda: client)
    assert (item.uri, split_s3(item.uri)) == (f"s3://{arn}/p/a.jpg", (arn, "p/a.jpg"))
    with DecoderPool() as pool:
        preparer = Preparer(pool, lambda: client)
        assert preparer.may_block(item, Limits())
        found = preparer.prepare(item, Limits(), s3_allowed=True)
        assert not isinstance(found, Skip)
        with found:
            assert (found.sent, found.image) == ("bytes", {"Bytes": JPEG})
    assert [url.split("/")[2] for url in asked] == [host, host]


@pytest.mark.parametrize("text", ["arn:aws:s3:::bucket/p", f"s3://{POINT}.x/a", "arn:aws:iam::123456789012:role/x"])
def test_another_arn_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no bucket"):
        list(enumerate_sources([text], s3_client_factory=lambda: None))


def test_a_list_may_name_objects_of_an_access_point() -> None:
    assert split_s3(f"s3://{POINT}") == (POINT, "")
    assert split_s3(f"s3://{POINT}/a/b.jpg") == (POINT, "a/b.jpg")
