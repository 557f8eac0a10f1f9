from collections.abc import Iterator

import pytest

from jobs.aws.access import Aws
from jobs.errors import RekscanError
from jobs.files.s3 import S3Files
from jobs.items import Item
from jobs.sources import enumerate_batches, enumerate_sources, open_source
from jobs.sources.s3 import S3Prefix
from tests.support.raw_server import Serving
from tests.support.s3_server import S3Server, s3_server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with pytest.MonkeyPatch.context() as patch, s3_server() as server:
        patch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "50")  # keys a page, of S3's 1000
        yield server


def items(s3: S3Server, *sources: str, versions: bool = False) -> list[Item]:
    return list(enumerate_sources(sources, s3_client_factory=s3.client, versions=versions))


def test_a_listing_over_many_pages_and_prefixes_gives_each_key_once_in_key_order(s3: S3Server) -> None:
    keys = [f"p/{n % 23:02d}/sub/{n:05d} +%é&.jpg" for n in range(260)] + [
        "p/zz.jpg",
        "outside.jpg",
        "p/00/",
        "p/05.png",
    ]
    s3.bucket("many", dict.fromkeys(keys, b"x"))
    found = items(s3, "s3://many/p/")
    assert [item.uri for item in found] == sorted(f"s3://many/{key}" for key in keys if key.startswith("p/"))
    assert [item.item_id for item in found] == list(range(len(keys) - 1))
    assert {item.size for item in found} == {1}


def test_a_flat_prefix_is_paged_to_its_end(s3: S3Server) -> None:
    keys = [f"{n:06d}.jpg" for n in range(130)]
    s3.bucket("flat", dict.fromkeys(keys, b"x"))
    assert [item.uri for item in items(s3, "s3://flat")] == [f"s3://flat/{key}" for key in keys]


def test_more_pages_than_the_buffer_holds_still_come_once_each(s3: S3Server) -> None:
    keys = [f"{n % 9}/{n:05d}.jpg" for n in range(500)]
    s3.bucket("tight", dict.fromkeys(keys, b"x"))
    source = S3Prefix("s3://tight", "tight", "", s3.client, threads=4, buffer=1)
    found = [uri for batch in source.batches() for uri in batch.column("uri").to_pylist()]
    assert sorted(found) == sorted(f"s3://tight/{key}" for key in keys)


def test_a_reader_that_stops_early_stops_the_listing(s3: S3Server) -> None:
    s3.bucket("early", {f"{n % 9}/{n:05d}.jpg": b"x" for n in range(300)})
    batches = enumerate_batches(["s3://early"], s3_client_factory=s3.client)
    next(batches)
    next(batches)
    batches.close()


def test_skips_etag_time_and_odd_keys(s3: S3Server) -> None:
    s3.bucket(
        "mix",
        {
            "dir/": b"",
            "empty.jpg": b"",
            "notes.txt": b"x",
            ".hidden.jpg": b"x",
            "weird\x01 +%2B.jpg": b"abc",
            "noext": b"x",
        },
    )
    client = s3.client()
    client.put_object(Bucket="mix", Key="cold.jpg", Body=b"x", StorageClass="GLACIER")
    client.put_object(Bucket="mix", Key="instant.jpg", Body=b"x", StorageClass="GLACIER_IR")
    found = {item.uri.removeprefix("s3://mix/"): item for item in items(s3, "s3://mix")}
    assert {key: item.skip for key, item in found.items()} == {
        "dir/": "folder",
        "empty.jpg": "empty",
        "notes.txt": "not-media",
        ".hidden.jpg": None,
        "weird\x01 +%2B.jpg": None,
        "noext": None,
        "cold.jpg": "archived: GLACIER",
        "instant.jpg": None,
    }
    weird = found["weird\x01 +%2B.jpg"]
    head = client.head_object(Bucket="mix", Key="weird\x01 +%2B.jpg")
    assert (weird.etag, weird.size, weird.kind) == (head["ETag"].strip('"'), 3, "image")
    assert weird.modified is not None and weird.modified.replace(microsecond=0) == head["LastModified"]


def test_versions_are_kept_when_asked_for(s3: S3Server) -> None:
    client = s3.client()
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    latest = {}
    for key in [f"k{n:04d}.jpg" for n in range(60)]:
        client.put_object(Bucket="versioned", Key=key, Body=b"old")
        latest[key] = client.put_object(Bucket="versioned", Key=key, Body=b"newer")["VersionId"]
    client.delete_object(Bucket="versioned", Key="k0003.jpg")
    del latest["k0003.jpg"]
    found = items(s3, "s3://versioned", versions=True)
    assert {item.uri.removeprefix("s3://versioned/"): item.version for item in found} == latest
    assert {item.size for item in found} == {5}
    assert {item.version for item in items(s3, "s3://versioned")} == {None}


def test_a_prefix_inside_another_is_listed_once(s3: S3Server) -> None:
    s3.bucket("nested", {"a/1.jpg": b"x", "a/b/2.jpg": b"x", "c.jpg": b"x"})
    found = items(s3, "s3://nested/a/b", "s3://nested/a/", "s3://nested/c")
    assert [item.uri for item in found] == ["s3://nested/a/1.jpg", "s3://nested/a/b/2.jpg", "s3://nested/c.jpg"]
    assert items(s3, "s3://nested", "s3://nested/") == found


def test_a_client_that_listed_here_still_lists_for_others(s3: S3Server) -> None:
    s3.bucket("shared", {"a.jpg": b"x"})
    client = s3.client()
    list(enumerate_batches(["s3://shared"], s3_client_factory=lambda: client))
    assert [o["Key"] for o in client.list_objects_v2(Bucket="shared")["Contents"]] == ["a.jpg"]


def test_a_missing_bucket_says_so_and_what_to_do(s3: S3Server) -> None:
    with pytest.raises(RekscanError, match="no S3 bucket 'nowhere-at-all'") as caught:
        items(s3, "s3://nowhere-at-all/x")
    assert "name" in caught.value.do


def test_no_bucket_is_a_usage_error(s3: S3Server) -> None:
    with pytest.raises(RekscanError, match="names no bucket"):
        open_source("s3://", s3_client_factory=s3.client)
    with pytest.raises(RekscanError, match="not a source"):
        open_source("ftp://x/y", s3_client_factory=s3.client)


@pytest.mark.parametrize("token", ["<NextContinuationToken>t</NextContinuationToken>", ""])
@pytest.mark.parametrize("extra", ["", "<!-- read as a tree -->"])
def test_a_listing_that_does_not_get_on_is_an_error_and_no_shorter_listing(token: str, extra: str) -> None:
    body = (
        f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>{token}{extra}<Contents>"
        "<Key>a.jpg</Key><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>e</ETag><Size>3</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
    )
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with Serving(answer, reads=b"") as server:
        with pytest.raises(RekscanError, match=r"lists s3://b/.* no further"):
            items(S3Server(server.url), "s3://b/photos")
        with pytest.raises(RekscanError, match="lists s3://b/home no further"):
            S3Files(Aws("us-east-1", s3_url=server.url)).entries("b/home")
