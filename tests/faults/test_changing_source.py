"""An archive that changes under its scan: a file of the manifest is one row, what comes later is another job's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.ledger.keys import key
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, Tables, emulator, left_in_redis, make_photos, same_tables, tables
from tests.support.waiting import until

PHOTOS = 50
S3_ENV = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
DELETED, CUT, REPLACED, NEW = range(30, 35), range(35, 40), range(40, 45), range(100, 105)


def name(number: int) -> str:
    return f"photo-{number:04d}.jpg"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", PHOTOS)


@pytest.fixture
def others(tmp_path: Path) -> dict[str, bytes]:
    """Other pictures than those of the archive, by the names they are to have in it."""
    made = make_photos(tmp_path / "others", PHOTOS + 10)
    bodies = [(made / name(PHOTOS + n)).read_bytes() for n in range(10)]
    return dict(zip(map(name, (*REPLACED, *NEW)), bodies, strict=True))


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def scan(source: str, home: Path, rekognition: Emulator, *more: str, tps: int = 10) -> Scan:
    """Slow enough that its last 20 pictures wait until the first are answered: one worker, few at once."""
    env = {"REKSCAN_CALLS": "2", "REKSCAN_SHARDS": "1", **S3_ENV}
    return Scan(
        "scan", source, "--api", "faces", "--yes", "--json", "--shard-size", "10", "--tps", f"faces={tps}",
        "--rekognition-endpoint-url", rekognition.url, *more, home=home, env=env,
    )  # fmt: skip


def reasons(found: Tables) -> dict[str, str | None]:
    """By file name, why it was not scanned; None: it was."""
    rows = {row["uri"].rpartition("/")[2]: row for row in found.rows("images")}
    assert all((row["status"] == "ok") == (row["reason"] is None) for row in rows.values())
    return {key: row["reason"] for key, row in rows.items()}


def test_a_directory_that_changes_under_its_scan(photos: Path, others: dict[str, bytes], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with emulator(tmp_path) as rekognition:
        running = scan(str(photos), home, rekognition)
        until(lambda: rekognition.total() > 3, "some calls are made")
        for number in DELETED:
            (photos / name(number)).unlink()
        for number in CUT:
            (photos / name(number)).write_bytes((photos / name(number)).read_bytes()[:-10])
        for file, body in others.items():
            (photos / file).write_bytes(body)
        assert rekognition.total() < 30
        status = running.status()
        assert status["state"] == "finished"
        gone = {name(n): "unreadable" for n in DELETED} | {name(n): "truncated" for n in CUT}
        assert reasons(tables(home)) == {name(n): None for n in range(PHOTOS)} | gone
        assert rekognition.total() == PHOTOS - 10
        assert left_in_redis(home) == {key(tables(home).folder.name)}

        # A later scan finds them as they are now, and pays for what it has not seen.
        assert scan(str(photos), home, rekognition, tps=100).status()["state"] == "finished"
        assert rekognition.total() == PHOTOS - 10 + len(NEW)
        now = {name(n): None for n in (*range(PHOTOS), *NEW) if n not in DELETED}
        assert reasons(tables(home)) == now | {name(n): "truncated" for n in CUT}
        fresh = scan(str(photos), tmp_path / "fresh", rekognition, tps=100)
        assert fresh.status()["state"] == "finished"
        agree_on_pictures(tables(home), tables(tmp_path / "fresh"))


def test_a_bucket_that_changes_under_its_scan(
    photos: Path, others: dict[str, bytes], tmp_path: Path, s3: S3Server
) -> None:
    home = tmp_path / "home"
    s3.bucket("archive", {path.name: path.read_bytes() for path in photos.iterdir()})
    client = s3.client()
    with emulator(tmp_path, "--s3-endpoint-url", s3.url) as rekognition:
        where = ("--s3-endpoint-url", s3.url)
        running = scan("s3://archive/", home, rekognition, *where)
        until(lambda: rekognition.total() > 3, "some calls are made")
        for number in DELETED:
            client.delete_object(Bucket="archive", Key=name(number))
        for file, body in others.items():
            client.put_object(Bucket="archive", Key=file, Body=body)
        assert rekognition.total() < 30
        assert running.status()["state"] == "finished"
        gone = {name(n): "unreadable" for n in DELETED} | {name(n): "changed" for n in REPLACED}
        assert reasons(tables(home)) == {name(n): None for n in range(PHOTOS)} | gone
        assert rekognition.total() == PHOTOS - 10

        assert scan("s3://archive/", home, rekognition, *where, tps=100).status()["state"] == "finished"
        assert rekognition.total() == PHOTOS - 10 + len(REPLACED) + len(NEW)
        assert reasons(tables(home)) == {name(n): None for n in (*range(PHOTOS), *NEW) if n not in DELETED}


def agree_on_pictures(one: Tables, other: Tables) -> None:
    """But for what was known and so not sent, and the job of the first answer."""
    assert one.rows("images", "sent", "known", "since") == other.rows("images", "sent", "known", "since")
    same_tables(one, other, "faces")
