import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.apis.base import Limits
from jobs.aws.faults import Kind
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Prepared, Preparer
from jobs.media.web import web_of
from jobs.sources import enumerate_sources, uri_of
from tests.support.pictures import SIDE, bomb, encoded, exif, noise, picture
from tests.support.places import ROOT
from tests.support.refusing_s3 import MODIFIED, refusing_s3
from tests.support.s3_server import S3Server, s3_server
from tests.support.waiting import until

LABELS = Limits(max_side=10_000)
PPE = Limits(max_bytes=4_194_304, min_side=64, max_side=4096)
JPEG = encoded(picture(), "JPEG")


def no_s3() -> None:
    raise AssertionError("nothing here is on S3")


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool() as found:
        yield found


@pytest.fixture
def local(pool: DecoderPool) -> Preparer:
    return Preparer(pool, no_s3, web=web_of(allow_private=True))


def file(path: Path, data: bytes) -> Item:
    path.write_bytes(data)
    return Item(0, str(path), "image", len(data))


def ready(found: Prepared | Skip) -> Prepared:
    assert isinstance(found, Prepared), found
    return found


def reason(found: Prepared | Skip) -> str:
    assert isinstance(found, Skip), found
    return found.reason


# --- local files


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_good_jpeg_goes_as_it_is_without_a_child(tmp_path: Path, orientation: int) -> None:
    data = encoded(picture(), "JPEG", exif=exif(orientation))
    with DecoderPool() as pool:
        found = ready(Preparer(pool, no_s3).prepare(file(tmp_path / "a.txt", data), LABELS, s3_allowed=True))
        assert pool.pids == []
    assert found.image == {"Bytes": data}
    assert (found.sent, found.fit, found.format, found.size) == ("bytes", None, "jpeg", len(data))
    assert (found.width, found.height) == (SIDE if orientation == 1 else SIDE[::-1])
    assert found.content == f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"only text in here", "not-an-image"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" * 9000, "not-an-image"),
        (b"8BPS\x00\x01" + bytes(60), "unsupported-format: psd"),
        (encoded(noise((300, 200)), "JPEG")[:-4000], "truncated"),
        (encoded(noise((300, 200)), "PNG")[:-4000], "truncated"),
        (JPEG[:20], "truncated"),
        (encoded(picture((79, 400)), "JPEG"), "too-small"),
        (encoded(picture((79, 400)), "WEBP"), "too-small"),
        (bomb(30_000), "bomb"),
        (b"GIF89a" + bytes(30), "broken"),
    ],
)
def test_what_cannot_be_sent_is_a_skip_with_a_reason(
    tmp_path: Path, local: Preparer, data: bytes, expected: str
) -> None:
    item = file(tmp_path / "x.jpg", data)
    assert reason(local.prepare(item, LABELS, s3_allowed=True)) == expected
    assert local.inflight_bytes <= len(data)


def test_a_webp_named_jpg_is_mended(tmp_path: Path, local: Preparer) -> None:
    data = encoded(picture(), "WEBP")
    with ready(local.prepare(file(tmp_path / "w.jpg", data), LABELS, s3_allowed=True)) as found:
        assert (found.sent, found.fit, found.format) == ("fitted", "webp->jpeg", "webp")
        assert found.image["Bytes"].startswith(b"\xff\xd8\xff")
        assert found.content == f"sha256:{hashlib.sha256(data).hexdigest()}"  # of the original
        assert found.size == len(found.image["Bytes"])


def test_no_fit_sends_nothing_altered(tmp_path: Path, pool: DecoderPool) -> None:
    strict = Preparer(pool, no_s3, fit=False)
    cmyk = encoded(picture().convert("CMYK"), "JPEG")
    assert ready(strict.prepare(file(tmp_path / "c.jpg", cmyk), LABELS, s3_allowed=True)).image == {"Bytes": cmyk}
    webp = file(tmp_path / "w.jpg", encoded(picture(), "WEBP"))
    assert reason(strict.prepare(webp, LABELS, s3_allowed=True)) == "unsupported-format: webp"
    heavy = file(tmp_path / "h.jpg", encoded(noise((2600, 2600)), "JPEG", quality=99))
    assert reason(strict.prepare(heavy, LABELS, s3_allowed=True)) == "too-large"
    cut = file(tmp_path / "t.jpg", encoded(noise((300, 200)), "JPEG")[:-4000])
    assert reason(strict.prepare(cut, LABELS, s3_allowed=True)) == "truncated"


def test_a_jpeg_without_its_end_mark_is_sent_with_it_and_without_mending_as_it_is(
    tmp_path: Path, local: Preparer, pool: DecoderPool
) -> None:
    bare = file(tmp_path / "m.jpg", JPEG[:-2])
    with ready(local.prepare(bare, LABELS, s3_allowed=True)) as found:
        assert (found.sent, found.fit, found.image["Bytes"]) == ("fitted", "end mark added", JPEG)
    with ready(Preparer(pool, no_s3, fit=False).prepare(bare, LABELS, s3_allowed=True)) as found:
        assert (found.sent, found.fit, found.image["Bytes"]) == ("bytes", None, JPEG[:-2])


def test_a_whole_picture_with_something_behind_it_is_sent_as_it_is(tmp_path: Path, local: Preparer) -> None:
    data = JPEG + bytes(10_000)  # a motion photo has its film there
    found = ready(local.prepare(file(tmp_path / "m.jpg", data), LABELS, s3_allowed=True))
    assert (found.sent, found.image["Bytes"]) == ("bytes", data)
    assert (found.width, found.height) == SIDE


def test_each_api_gets_what_its_own_limits_want(tmp_path: Path, local: Preparer) -> None:
    item = file(tmp_path / "big.jpg", encoded(picture((6000, 3000)), "JPEG"))
    with ready(local.prepare(item, LABELS, s3_allowed=True)) as found:
        assert (found.sent, found.width) == ("bytes", 6000)
    with ready(local.prepare(item, PPE, s3_allowed=True)) as found:
        assert (found.sent, found.width, found.height) == ("fitted", 4096, 2048)
    small = file(tmp_path / "small.jpg", encoded(picture((70, 200)), "JPEG"))
    assert ready(local.prepare(small, PPE, s3_allowed=True)).sent == "bytes"
    assert reason(local.prepare(small, LABELS, s3_allowed=True)) == "too-small"


def test_a_file_that_is_gone_is_unreadable_and_found_again_when_it_is_back(tmp_path: Path, local: Preparer) -> None:
    item = Item(0, uri_of(bytes(tmp_path) + b"/caf\xe9.jpg"), "image", 5)
    assert reason(local.prepare(item, LABELS, s3_allowed=True)) == "unreadable"
    with open(bytes(tmp_path) + b"/caf\xe9.jpg", "wb") as out:  # noqa: PTH123  pathlib has no bytes paths
        out.write(JPEG)
    assert ready(local.prepare(item, LABELS, s3_allowed=True)).image == {"Bytes": JPEG}


def test_a_row_that_was_skipped_while_listing_is_not_read(local: Preparer) -> None:
    item = Item(0, "/nowhere.jpg", "image", skip="archived: GLACIER")
    assert local.prepare(item, LABELS, s3_allowed=True) == Skip("archived", "archived: GLACIER")


# --- memory


def test_bytes_held_are_capped_and_a_giant_passes_alone(tmp_path: Path, pool: DecoderPool) -> None:
    data = encoded(noise((400, 300)), "PNG")
    preparer = Preparer(pool, no_s3, max_inflight_bytes=2 * len(data) + 100)
    held = [ready(preparer.prepare(file(tmp_path / f"{n}.png", data), LABELS, s3_allowed=True)) for n in range(2)]
    with ThreadPoolExecutor(1) as threads:
        third = threads.submit(preparer.prepare, file(tmp_path / "3.png", data), LABELS, s3_allowed=True)
        until(lambda: threads._work_queue.empty(), "the third is asked for")
        assert not third.done()
        assert preparer.inflight_bytes == 2 * len(data)
        held.pop().release()
        held.append(ready(third.result(60)))
    assert preparer.inflight_bytes <= 2 * len(data)
    for found in held:
        found.release()
        found.release()  # does no harm
    giant = file(tmp_path / "giant.png", encoded(noise((1200, 900)), "PNG"))
    assert giant.size is not None and giant.size > 2 * len(data) + 100
    with ready(preparer.prepare(giant, LABELS, s3_allowed=True)) as found:
        assert found.size == giant.size
    assert preparer.inflight_bytes <= 2 * len(data) + 100


def test_calls_for_one_item_at_once_read_and_mend_it_once(tmp_path: Path, pool: DecoderPool) -> None:
    preparer = Preparer(pool, no_s3)
    item = file(tmp_path / "w.webp", encoded(noise((600, 500)), "WEBP"))
    start = threading.Barrier(8)

    def one(_: int) -> Prepared:
        start.wait()
        return ready(preparer.prepare(item, LABELS, s3_allowed=True))

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(one, range(8)))
    assert len({id(prepared.image["Bytes"]) for prepared in found}) == 1
    for prepared in found:
        prepared.release()
    again = ready(preparer.prepare(item, LABELS, s3_allowed=True))  # the next API, a little later
    assert again.image["Bytes"] is found[0].image["Bytes"]
    again.release()
    Path(item.uri).write_bytes(encoded(picture(), "PNG"))
    assert ready(preparer.prepare(item, LABELS, s3_allowed=True)).format == "png"


def test_many_threads_on_many_items_under_a_tight_cap_all_come_through(tmp_path: Path, pool: DecoderPool) -> None:
    items = [file(tmp_path / f"{n}.webp", encoded(noise((200, 150), seed=n), "WEBP")) for n in range(20)]
    preparer = Preparer(pool, no_s3, max_inflight_bytes=40_000)

    def one(n: int) -> int:
        with ready(preparer.prepare(items[n % 20], LABELS if n % 3 else PPE, s3_allowed=True)) as found:
            return found.size

    with ThreadPoolExecutor(16) as threads:
        sizes = list(threads.map(one, range(200)))
    assert len(set(sizes)) <= 40
    assert preparer.inflight_bytes <= 40_000


# --- S3


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


class Counting:
    """A real client that keeps count of what it is asked."""

    def __init__(self, server: S3Server) -> None:
        self.client = server.client()
        self.calls: list[tuple[str, str | None]] = []
        session = self.client._endpoint.http_session
        send = session.send

        def counted(request: Any) -> Any:
            reach = request.headers.get("Range")
            self.calls.append((request.method, reach.decode() if isinstance(reach, bytes) else reach))
            return send(request)

        session.send = counted

    def __call__(self) -> object:
        return self.client


def stored(s3: S3Server, bucket: str, key: str) -> Item:
    head = s3.client().head_object(Bucket=bucket, Key=key)
    return Item(0, f"s3://{bucket}/{key}", "image", head["ContentLength"], head["ETag"].strip('"'))


def test_a_good_object_goes_as_s3object_after_one_small_look(s3: S3Server, pool: DecoderPool) -> None:
    big = encoded(noise((1500, 1500)), "PNG")
    assert 5_242_880 < len(big) < 15_728_640
    s3.bucket("good", {"a b+%é.png": big})
    client = Counting(s3)
    preparer = Preparer(pool, client, region="us-east-1")
    item = stored(s3, "good", "a b+%é.png")
    for limits in (LABELS, Limits()):
        found = ready(preparer.prepare(item, limits, s3_allowed=True))
        assert found.image == {"S3Object": {"Bucket": "good", "Name": "a b+%é.png"}}
        assert (found.sent, found.format, found.width, found.size) == ("s3", "png", 1500, len(big))
        assert found.content == f"etag:{item.etag}:{len(big)}"
    assert client.calls == [("HEAD", None), ("GET", "bytes=0-65535")]
    assert preparer.stays(item, LABELS)
    assert preparer.stays(replace(item, size=None), LABELS)
    assert not preparer.stays(replace(item, size=5_242_880), LABELS)
    assert not preparer.stays(replace(item, size=15_728_641), LABELS)
    assert client.calls == [("HEAD", None), ("GET", "bytes=0-65535")]
    assert preparer.inflight_bytes == 0


def test_keys_that_are_no_paths_are_listed_and_read_as_they_are(s3: S3Server, pool: DecoderPool) -> None:
    keys = ["2026/1//a.jpg", "/lead.jpg", "//twice.jpg", "dots/./b.jpg", "end //.jpg"]
    s3.bucket("nopaths", dict.fromkeys(keys, JPEG))
    found = list(enumerate_sources(["s3://nopaths"], s3_client_factory=s3.client))
    assert sorted(item.uri for item in found) == sorted(f"s3://nopaths/{key}" for key in keys)
    assert [item.uri for item in enumerate_sources(["s3://nopaths/2026/1/"], s3_client_factory=s3.client)] == [
        "s3://nopaths/2026/1//a.jpg"
    ]
    preparer = Preparer(pool, s3.client)
    for item in found:
        sent = ready(preparer.prepare(item, LABELS, s3_allowed=True))
        assert (sent.image["S3Object"]["Name"], sent.width) == (item.uri.removeprefix("s3://nopaths/"), SIDE[0])
        assert ready(preparer.prepare(item, LABELS, s3_allowed=False)).image == {"Bytes": JPEG}


def test_a_version_is_kept(s3: S3Server, pool: DecoderPool) -> None:
    client = s3.client()
    client.create_bucket(Bucket="ver")
    client.put_bucket_versioning(Bucket="ver", VersioningConfiguration={"Status": "Enabled"})
    version = client.put_object(Bucket="ver", Key="a.jpg", Body=JPEG)["VersionId"]
    client.put_object(Bucket="ver", Key="a.jpg", Body=b"other")
    item = Item(0, "s3://ver/a.jpg", "image", len(JPEG), version=version)
    found = ready(Preparer(pool, s3.client).prepare(item, LABELS, s3_allowed=True))
    assert found.image == {"S3Object": {"Bucket": "ver", "Name": "a.jpg", "Version": version}}


def test_without_peeking_extensions_are_believed(s3: S3Server, pool: DecoderPool) -> None:
    s3.bucket("nopeek", {"a.jpg": b"not really", "b.dat": JPEG})
    client = Counting(s3)
    preparer = Preparer(pool, client, peek=False)
    assert ready(preparer.prepare(stored(s3, "nopeek", "a.jpg"), LABELS, s3_allowed=True)).sent == "s3"
    assert client.calls == []
    empty = Item(0, "s3://nopeek/a.jpg", "image", 0)
    blocking = [item for item in (stored(s3, "nopeek", "a.jpg"), stored(s3, "nopeek", "b.dat"), empty)
                if preparer.may_block(item, LABELS)]  # fmt: skip
    assert [(item.uri, item.size) for item in blocking] == [("s3://nopeek/b.dat", len(JPEG)), ("s3://nopeek/a.jpg", 0)]
    assert ready(preparer.prepare(stored(s3, "nopeek", "b.dat"), LABELS, s3_allowed=True)).sent == "s3"
    assert [name for name, _ in client.calls] == ["GET"]


def test_objects_that_cannot_go_as_they_are_are_fetched_and_mended(s3: S3Server, pool: DecoderPool) -> None:
    heavy = encoded(noise((2400, 2400)), "PNG")
    assert len(heavy) > 15_728_640
    s3.bucket("odd", {"w.jpg": encoded(picture(), "WEBP"), "heavy.png": heavy, "t.jpg": b"text", "z.jpg": b""})
    preparer = Preparer(pool, s3.client)
    with ready(preparer.prepare(stored(s3, "odd", "w.jpg"), LABELS, s3_allowed=True)) as found:
        assert (found.sent, found.fit) == ("fitted", "webp->jpeg")
    with ready(preparer.prepare(stored(s3, "odd", "heavy.png"), LABELS, s3_allowed=True)) as found:
        assert found.sent == "fitted"
        assert len(found.image["Bytes"]) <= 5_242_880
    assert reason(preparer.prepare(stored(s3, "odd", "t.jpg"), LABELS, s3_allowed=True)) == "not-an-image"
    assert reason(preparer.prepare(stored(s3, "odd", "z.jpg"), LABELS, s3_allowed=True)) == "empty"
    assert reason(preparer.prepare(Item(0, "s3://odd/z.jpg", "image"), LABELS, s3_allowed=True)) == "empty"


def test_another_region_or_an_api_without_s3_gets_bytes(s3: S3Server, pool: DecoderPool) -> None:
    s3.bucket("far", {"a.jpg": JPEG}, region="eu-west-1")
    item = stored(s3, "far", "a.jpg")
    far = ready(Preparer(pool, s3.client, region="us-east-1").prepare(item, LABELS, s3_allowed=True))
    assert (far.sent, far.image) == ("bytes", {"Bytes": JPEG})
    assert far.content == f"etag:{item.etag}:{len(JPEG)}"
    near = Preparer(pool, s3.client, region="eu-west-1")
    assert ready(near.prepare(item, LABELS, s3_allowed=True)).sent == "s3"
    assert ready(near.prepare(item, LABELS, s3_allowed=False)).sent == "bytes"


def test_an_object_that_changed_or_went_away_is_skipped(s3: S3Server, pool: DecoderPool) -> None:
    s3.bucket("change", {"a.jpg": JPEG, "b.jpg": JPEG})
    items = [stored(s3, "change", key) for key in ("a.jpg", "b.jpg")]
    s3.client().put_object(Bucket="change", Key="a.jpg", Body=encoded(noise(SIDE), "JPEG"))
    s3.client().delete_object(Bucket="change", Key="b.jpg")
    for allowed in (True, False):
        preparer = Preparer(pool, s3.client)
        assert reason(preparer.prepare(items[0], LABELS, s3_allowed=allowed)) == "changed"
        gone = preparer.prepare(items[1], LABELS, s3_allowed=allowed)
        assert isinstance(gone, Skip)
        assert (gone.reason, gone.cause, gone.fault) == ("unreadable", "NoSuchKey", None)


def test_a_bucket_that_is_not_there_is_no_verdict_on_the_picture(s3: S3Server, pool: DecoderPool) -> None:
    found = Preparer(pool, s3.client).prepare(Item(0, "s3://no-such-bucket/a.jpg", "image"), LABELS, s3_allowed=True)
    assert isinstance(found, Skip)
    assert found.fault is not None
    assert (found.reason, found.fault.kind, found.fault.code) == ("unreadable", Kind.DENIED, "NoSuchBucket")
    assert "s3://no-such-bucket/a.jpg" in found.fault.message


def test_a_jpeg_with_a_long_preface_is_looked_into_further(s3: S3Server, pool: DecoderPool) -> None:
    profile = b"".join(b"\xff\xe2" + (60_002).to_bytes(2, "big") + bytes(60_000) for _ in range(3))
    body = encoded(noise((900, 900)), "JPEG", quality=95)
    s3.bucket("long", {"a.jpg": body[:2] + profile + body[2:]})
    found = ready(Preparer(pool, s3.client).prepare(stored(s3, "long", "a.jpg"), LABELS, s3_allowed=True))
    assert (found.sent, found.width, found.height) == ("s3", 900, 900)


# --- S3 of others


@pytest.mark.parametrize("s3_allowed", [True, False])
def test_off_aws_objects_of_one_etag_are_told_apart_by_their_bytes(pool: DecoderPool, s3_allowed: bool) -> None:
    stored = {"b/a.jpg": JPEG, "b/b.jpg": encoded(noise(SIDE), "JPEG")}
    with refusing_s3(stored, etag="same") as url:
        preparer = Preparer(pool, S3Server(url).client, aws=False)
        for key, data in stored.items():
            item = Item(0, f"s3://{key}", "image", len(data), etag="same")
            with ready(preparer.prepare(item, LABELS, s3_allowed=s3_allowed)) as found:
                assert found.content == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_off_aws_a_large_object_that_is_not_read_whole_has_no_content(pool: DecoderPool) -> None:
    data = encoded(noise((400, 300)), "PNG")
    with refusing_s3({"b/a.png": data}, etag="same") as url:
        item = Item(0, "s3://b/a.png", "image", len(data), etag="same")
        found = Preparer(pool, S3Server(url).client, aws=False).prepare(item, LABELS, s3_allowed=True)
        assert ready(found).content is None


@pytest.mark.parametrize("s3_allowed", [True, False])
def test_off_aws_an_object_is_the_listed_one_by_size_and_time_where_the_etags_differ(
    pool: DecoderPool, s3_allowed: bool
) -> None:
    listed = Item(0, "s3://b/a.jpg", "image", len(JPEG), etag="listed", modified=MODIFIED.replace(microsecond=7))
    with refusing_s3({"b/a.jpg": JPEG}) as url:
        client = S3Server(url).client
        ready(Preparer(pool, client, aws=False).prepare(listed, LABELS, s3_allowed=s3_allowed)).release()
        later = replace(listed, modified=MODIFIED.replace(year=2025))
        assert reason(Preparer(pool, client, aws=False).prepare(later, LABELS, s3_allowed=s3_allowed)) == "changed"
        assert reason(Preparer(pool, client).prepare(listed, LABELS, s3_allowed=s3_allowed)) == "changed"


# --- http


class Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/a.jpg")
            self.end_headers()
            return
        body = {"/a.jpg": JPEG, "/page": b"<html>" * 50_000}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/a.jpg", "/moved"])
def test_a_url_is_fetched_as_bytes(web: str, local: Preparer, path: str) -> None:
    with ready(local.prepare(Item(0, web + path, "image"), LABELS, s3_allowed=True)) as found:
        assert (found.sent, found.image) == ("bytes", {"Bytes": JPEG})
        assert found.content == f"sha256:{hashlib.sha256(JPEG).hexdigest()}"


@pytest.mark.parametrize(
    ("path", "expected", "cause"),
    [("/none", "unreadable", "HTTP 404"), ("/page", "not-an-image", None)],
)
def test_a_url_that_gives_no_picture_is_skipped(
    web: str, local: Preparer, path: str, expected: str, cause: str | None
) -> None:
    found = local.prepare(Item(0, web + path, "image"), LABELS, s3_allowed=True)
    assert isinstance(found, Skip)
    assert (found.reason, found.cause) == (expected, cause)


def test_pixels_survive_unaltered(tmp_path: Path, local: Preparer) -> None:
    item = file(tmp_path / "p.png", encoded(picture().convert("P"), "PNG"))
    with ready(local.prepare(item, LABELS, s3_allowed=True)) as found, Image.open(item.uri) as image:
        assert found.image["Bytes"] == Path(item.uri).read_bytes()
        assert image.mode == "P"


def test_every_photo_of_the_demo_can_be_sent(local: Preparer) -> None:
    photos = sorted(p for p in (ROOT / "emulator" / "photos").iterdir() if p.suffix in (".jpg", ".png"))
    assert len(photos) >= 10
    for photo in photos:
        with ready(local.prepare(Item(0, str(photo), "image"), LABELS, s3_allowed=True)) as found:
            assert found.sent in ("bytes", "fitted")
