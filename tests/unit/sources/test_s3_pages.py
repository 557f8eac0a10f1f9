from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from jobs.aws.s3_errors import explain
from jobs.sources.s3_pages import _parse

keys = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20), max_size=8)
SPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def page(found: list[str], *, coded: bool = True, namespace: str = SPACE, extra: str = "", inner: str = "") -> bytes:
    objects = "".join(
        f"<Contents><Key>{escape(quote_plus(key) if coded else key)}</Key>"
        f"<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e{n}&quot;</ETag><Size>{n}</Size>"
        f"<StorageClass>STANDARD</StorageClass>{inner}</Contents>"
        for n, key in enumerate(found)
    )
    encoding = "<EncodingType>url</EncodingType>" if coded else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult{namespace}>{encoding}<IsTruncated>true</IsTruncated>'
        f"<NextContinuationToken>a&amp;b</NextContinuationToken>{objects}{extra}</ListBucketResult>"
    ).encode()


@given(keys)
def test_both_ways_of_reading_a_page_agree(found: list[str]) -> None:
    quick = _parse(page(found), "b", versions=False)
    tree = _parse(page(found, extra="<!-- read as a tree -->"), "b", versions=False)
    plain = _parse(page(found, coded=False, namespace=""), "b", versions=False)
    assert quick.batch == tree.batch == plain.batch
    assert quick.batch.column("uri").to_pylist() == [f"s3://b/{key}" for key in found]
    assert quick.batch.column("etag").to_pylist() == [f"e{n}" for n in range(len(found))]
    assert quick.last == tree.last == plain.last == (found[-1] if found else None)
    assert quick.next == tree.next == plain.next == {"ContinuationToken": "a&b"}


def test_a_tag_missing_in_one_object_does_not_shift_the_others() -> None:
    body = page(["a.jpg", "b.jpg"]).replace(b"<ETag>&quot;e0&quot;</ETag>", b"")
    assert _parse(body, "b", versions=False).batch.column("etag").to_pylist() == [None, "e1"]


@pytest.mark.parametrize(
    ("status", "skip"),
    [
        ("", "archived: GLACIER"),
        ("<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>", "archived: GLACIER"),
        (
            "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
            "<RestoreExpiryDate>2026-12-24T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>",
            None,
        ),
    ],
)
def test_an_archived_object_counts_once_it_is_restored(status: str, skip: str | None) -> None:
    body = page(["a.png", "b.jpg"], inner=status).replace(b"STANDARD", b"GLACIER")
    assert _parse(body, "b", versions=False).batch.column("skip").to_pylist() == ["empty", skip]


def test_a_time_in_a_format_of_its_own_is_left_out() -> None:
    body = page(["a.jpg"]).replace(b"2026-01-02T03:04:05.000Z", b"yesterday")
    assert _parse(body, "b", versions=False).batch.column("modified").to_pylist() == [None]


def refusal(code: str, region: str | None = None) -> ClientError:
    headers = {"x-amz-bucket-region": region} if region else {}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPHeaders": headers}}, "List")


@pytest.mark.parametrize(
    ("error", "what", "do"),
    [
        (refusal("NoSuchBucket"), "there is no S3 bucket 'arch'", "--endpoint-url"),
        (refusal("AccessDenied"), "denies access to s3://arch/x", "s3:ListBucket on bucket 'arch'"),
        (refusal("ExpiredToken"), "refuses the credentials (ExpiredToken)", "--profile"),
        (refusal("PermanentRedirect", "eu-west-1"), "in another Region, eu-west-1", "--region eu-west-1"),
        (refusal("AuthorizationHeaderMalformed"), "in another Region", "--region of the bucket"),
        (NoCredentialsError(), "no AWS credentials", "aws configure"),
        (EndpointConnectionError(endpoint_url="http://nowhere"), "cannot reach the endpoint", "--endpoint-url"),
        (refusal("SlowDown"), "S3 failed on s3://arch/x", "Try again"),
    ],
)
def test_a_refusal_says_what_to_do(error: ClientError, what: str, do: str) -> None:
    found = explain(error, "s3://arch/x")
    assert what in found.what
    assert do in found.do
