"""Films in S3: the GETs they take, and what S3's refusals say of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.codes import Code
from jobs.items import Item
from jobs.video.film import Probed
from jobs.video.probe import Prober
from jobs.video.reading import FIRST, NEXT, Reads
from tests.support.films import box, film, outer
from tests.support.s3_gateway import Asked, Gateway, Refusal, s3_gateway
from tests.support.s3_server import S3Server, s3_server

SHORT = film(sound=1)


def with_media(data: bytes, more: int) -> bytes:
    """The same, header last, with more bytes before the header."""
    end = next(end for kind, _, end in outer(data) if kind == "mdat")
    return data[:end] + box("free", bytes(more)) + data[end:]


LONG = with_media(SHORT, 500_000)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("films", {"short.mp4": SHORT, "long film+1.mp4": LONG, "cut.mp4": SHORT[:-1], "none.mp4": b""})
        yield server


@pytest.fixture(scope="module")
def client(s3: S3Server) -> Any:
    return s3.client()


@pytest.fixture
def ours(client: Any) -> Prober:
    return Prober(lambda: client)


def through(gateway: Gateway) -> Prober:
    return Prober(S3Server(gateway.url).client)


def item(client: Any, key: str, **more: Any) -> Item:
    head = client.head_object(Bucket="films", Key=key)
    listed = {"size": head["ContentLength"], "etag": head["ETag"].strip('"'), "modified": head["LastModified"]}
    return Item(0, f"s3://films/{key}", "video", **{**listed, **more})


def reason(found: Probed) -> str | None:
    return found.skip.reason if found.skip else None


def gets(gateway: Gateway) -> list[str]:
    return [asked.headers["range"] for asked in gateway.asked if asked.method == "GET"]


def test_a_short_film_takes_one_get_and_a_header_at_the_end_one_more(s3: S3Server, client: Any) -> None:
    with s3_gateway(s3.url) as gateway:
        short = through(gateway).probe(item(client, "short.mp4"))
        assert (gets(gateway), short.reads) == ([f"bytes=0-{FIRST - 1}"], Reads(1, len(SHORT)))
        long = through(gateway).probe(item(client, "long film+1.mp4"))
        moov = next(start for kind, start, _ in outer(LONG) if kind == "moov")
        assert gets(gateway)[1:] == [f"bytes=0-{FIRST - 1}", f"bytes={moov}-{len(LONG) - 1}"]
    assert long.reads == Reads(2, FIRST + len(LONG) - moov)
    for found, data in ((short, SHORT), (long, LONG)):
        assert found.film and (found.film.length_ms, found.film.size) == (1000, len(data))
        assert found.film.content and found.film.content.endswith(f":{len(data)}")
        assert found.skip is None


def test_a_local_file_and_an_object_are_the_same_film(client: Any, ours: Prober, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(LONG)
    here = ours.probe(Item(0, str(tmp_path / "film.mp4"), "video"))
    there = Prober(lambda: client, aws=False).probe(item(client, "long film+1.mp4"))
    assert here.film == there.film


def test_an_object_of_which_nothing_is_known_but_its_name(ours: Prober) -> None:
    found = ours.probe(Item(0, "s3://films/short.mp4", "video"))
    assert found.film and (found.film.length_ms, found.film.size) == (1000, len(SHORT))
    assert reason(ours.probe(Item(0, "s3://films/none.mp4", "video"))) == Code.EMPTY


def test_verdicts_are_those_of_files(client: Any, ours: Prober) -> None:
    found = ours.probe(item(client, "cut.mp4"))
    assert reason(found) == Code.TRUNCATED
    empty = ours.probe(item(client, "none.mp4"))
    assert (reason(empty), empty.reads) == (Code.EMPTY, Reads())


def test_an_object_that_is_no_longer_the_listed_one(client: Any, ours: Prober) -> None:
    found = ours.probe(item(client, "short.mp4", etag="0" * 32))
    assert reason(found) == Code.CHANGED
    gone = ours.probe(Item(0, "s3://films/gone.mp4", "video", 10))
    assert reason(gone) == Code.UNREADABLE
    assert gone.skip and gone.skip.fault is None


def test_an_object_replaced_between_two_reads_is_not_mixed_up(s3: S3Server, client: Any) -> None:
    client.put_object(Bucket="films", Key="replaced.mp4", Body=LONG)
    unlisted = Item(0, "s3://films/replaced.mp4", "video")

    def replace_it(asked: Asked) -> Refusal | None:
        if not asked.headers.get("range", "bytes=0-").startswith("bytes=0-"):
            client.put_object(Bucket="films", Key="replaced.mp4", Body=LONG[:-1] + b"!")
        return None

    with s3_gateway(s3.url, replace_it) as gateway:
        found = through(gateway).probe(unlisted)
    assert (found.film, reason(found)) == (None, Code.CHANGED)


def test_a_version_is_the_one_that_is_read(client: Any, ours: Prober) -> None:
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    first = client.put_object(Bucket="versioned", Key="film.mp4", Body=LONG)["VersionId"]
    client.put_object(Bucket="versioned", Key="film.mp4", Body=b"another")
    found = ours.probe(Item(0, "s3://versioned/film.mp4", "video", version=first))
    assert found.film and found.film.size == len(LONG)


@pytest.mark.parametrize(
    "status, code, expected",
    [
        (403, "AccessDenied", Code.UNREADABLE),
        (403, "InvalidObjectState", Code.ARCHIVED),
        (503, "SlowDown", Code.UNREADABLE),
    ],
)
def test_what_s3_refuses_is_told_apart(s3: S3Server, status: int, code: str, expected: Code) -> None:
    with s3_gateway(s3.url, lambda asked: Refusal(status, code)) as gateway:
        found = through(gateway).probe(Item(0, "s3://films/short.mp4", "video", 10))
    assert reason(found) == expected
    assert found.skip and (found.skip.fault is not None) == (expected == Code.UNREADABLE)
    assert found.reads.count == 1


def test_a_refusal_half_way_is_none_of_the_film(s3: S3Server) -> None:
    def later(asked: Asked) -> Refusal | None:
        return None if asked.headers["range"].startswith("bytes=0-") else Refusal(503, "SlowDown")

    with s3_gateway(s3.url, later) as gateway:
        found = through(gateway).probe(item_of(LONG))
    assert found.skip and found.skip.fault is not None
    assert found.reads.count == 2


def item_of(data: bytes) -> Item:
    return Item(0, "s3://films/long film+1.mp4", "video", len(data))


def test_a_server_that_knows_no_ranges_is_not_asked_for_the_whole_film(s3: S3Server) -> None:
    with s3_gateway(s3.url, drop=("range",)) as gateway:
        found = through(gateway).probe(item_of(LONG))
        assert reason(found) == Code.UNREADABLE
        assert through(gateway).probe(Item(0, "s3://films/short.mp4", "video")).film
    assert NEXT < FIRST < len(LONG)
