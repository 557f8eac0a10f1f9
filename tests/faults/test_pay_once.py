"""What is known is not paid for again: whole scans with real processes against an emulator that counts."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.folder import list_jobs
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, Tables, emulator, make_photos, tables
from tests.support.waiting import until

TABLES = ("images", "labels", "faces", "properties")
S3_ENV = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def rekognition(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """30 pictures, 10 of them once more under other names, and a broken one twice."""
    directory = make_photos(tmp_path / "photos", 30, broken=1)
    for number in range(10):
        shutil.copy(directory / f"photo-{number:04d}.jpg", directory / f"twin-{number:04d}.jpg")
    shutil.copy(directory / "broken-00.jpg", directory / "twin-broken.jpg")
    return directory


def scan(source: object, home: Path, rekognition: Emulator, *more: str, api: str = "labels,faces,properties") -> Any:
    status = Scan(
        "scan", str(source), "--api", api, "--yes", "--json", "--shard-size", "12",
        "--rekognition-endpoint-url", rekognition.url, *more, home=home, env=S3_ENV,
    ).status()  # fmt: skip
    assert status["state"] == "finished", status
    return status


def known(found: Tables) -> dict[str, int]:
    """Known calls by API, as the costs table counts them."""
    return {row["api"]: row["known"] for row in found.rows("costs")}


def test_duplicates_are_paid_once_and_a_second_scan_pays_for_new_pictures_only(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    home = tmp_path / "home"
    status = scan(photos, home, rekognition)
    first = tables(home)
    assert rekognition.total() == 30 * 2  # labels and properties share a call
    assert {n for by in rekognition.counts().values() for n in by.values()} == {1}
    assert (status["calls"]["ok"], status["calls"]["skipped"]) == (40 * 3, 2 * 3)
    assert known(first) == {"labels": 10, "faces": 10, "properties": 10}
    twins = [row for row in first.outcomes() if row["sent"] == "known"]
    assert {(row["units"], row["attempts"], row["maybe_billed"]) for row in twins} == {(0, 0, 0)}
    paid = {(row["item_id"], row["api"]): row for row in first.outcomes() if row["units"]}
    for row in twins:
        job, _, item = row["answer_of"].partition("/")
        assert job == first.folder.name
        assert paid[int(item), row["api"]]["response"] == row["response"]
        assert paid[int(item), row["api"]]["content"] == row["content"]

    again = scan(photos, home, rekognition)
    second = tables(home)
    assert rekognition.total() == 60
    assert again["usd"]["actual"] == "0"
    assert known(second) == {"labels": 40, "faces": 40, "properties": 40}
    assert {row["actual_usd"] for row in second.rows("costs")} == {0}
    for name in TABLES:
        assert second.rows(name, "sent", "known") == first.rows(name, "sent", "known"), name
    assert second.rows("failures") == first.rows("failures")

    make_photos(tmp_path / "more", 35)
    for number in range(30, 35):
        shutil.copy(tmp_path / "more" / f"photo-{number:04d}.jpg", photos)
    scan(photos, home, rekognition)
    assert rekognition.total() == 60 + 5 * 2
    # The answer was copied: it stays when the job that paid for it is deleted.
    shutil.rmtree(first.folder)
    scan(photos, home, rekognition)
    assert rekognition.total() == 60 + 5 * 2


def test_other_parameters_are_another_call_and_so_is_again(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    home = tmp_path / "home"
    scan(photos, home, rekognition, api="labels")
    assert rekognition.total() == 30
    scan(photos, home, rekognition, api="labels:min_confidence=71")
    assert rekognition.total() == 60
    # Of a call that two APIs share, the part that is not known is asked for.
    scan(photos, home, rekognition, api="labels,properties")
    assert rekognition.total() == 90
    found = tables(home)
    assert known(found) == {"labels": 40, "properties": 10}
    assert {row["api"]: row["actual_units"] for row in found.rows("costs")} == {"labels": 0, "properties": 30}
    status = scan(photos, home, rekognition, "--again", api="labels")
    assert rekognition.total() == 90 + 40
    assert status["usd"]["actual"] == "0.04"
    assert known(tables(home)) == {"labels": 0}


def test_objects_of_an_s3_that_is_not_awss_are_known_by_their_bytes_once_read(
    photos: Path, tmp_path: Path, s3: S3Server, rekognition: Emulator
) -> None:
    home = tmp_path / "home"
    objects = {path.name: path.read_bytes() for path in sorted(photos.iterdir()) if "broken" not in path.name}
    s3.bucket("archive", objects)
    where = ("--s3-endpoint-url", s3.url)
    with emulator(tmp_path, "--s3-endpoint-url", s3.url) as rekognition:
        first = scan("s3://archive/", home, rekognition, *where)
        assert rekognition.total() == 30 * 2
        assert Decimal(first["usd"]["planned"]) > Decimal(first["usd"]["actual"]) > 0
        paid = tables(home)
        s3.client().put_object(Bucket="archive", Key="zz-new.jpg", Body=_picture(tmp_path))
        s3.client().put_object(Bucket="archive", Key="zz-copy.jpg", Body=objects["photo-0001.jpg"])
        plan = Scan(
            "estimate", "s3://archive/", "--api", "labels,faces,properties", "--json", *where,
            "--rekognition-endpoint-url", rekognition.url, home=home, env=S3_ENV,
        ).status()  # fmt: skip
        assert any("are compared when they are read" in text for text in plan["assumptions"])
        second = scan("s3://archive/", home, rekognition, *where)
        assert rekognition.total() == 31 * 2
    assert second["usd"]["planned"] == plan["total_usd"]
    assert known(tables(home)) == {"labels": 41, "faces": 41, "properties": 41}
    for name in TABLES[1:]:
        rows = [row for row in tables(home).rows(name) if not row["uri"].startswith("s3://archive/zz")]
        assert rows == paid.rows(name), name


def test_a_killed_worker_leaves_duplicates_paid_once(photos: Path, tmp_path: Path) -> None:
    for number in range(30):
        shutil.copy(photos / f"photo-{number:04d}.jpg", photos / f"zz-{number:04d}.jpg")
    with emulator(tmp_path, "--latency", "100ms") as rekognition:
        run = Scan(
            "scan", str(photos), "--api", "labels", "--yes", "--json", "--shard-size", "12", "--workers", "2",
            "--tps", "labels=8", "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
        )  # fmt: skip
        until(lambda: rekognition.total() > 8, "some calls are made")
        run.kill_worker()
        status = run.status()
        requests = rekognition.total()
    assert (status["state"], status["calls"]["ok"], status["calls"]["skipped"]) == ("finished", 70, 2)
    rows = tables(tmp_path / "home").outcomes()
    maybe = sum(row["maybe_billed"] for row in rows)
    assert 30 <= requests <= 30 + maybe
    assert sum(row["units"] for row in rows) == 30


def test_what_a_killed_scan_paid_for_is_known_to_the_next(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path, "--latency", "50ms") as rekognition:
        killed = Scan(
            "scan", str(photos), "--api", "labels", "--yes", "--json", "--shard-size", "5", "--tps", "labels=10",
            "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
        )  # fmt: skip
        parts = until(lambda: list((tmp_path / "home").glob("*/results/shard-*.parquet")), "a shard is done")
        killed.kill_everything()
        assert parts
        committed = sum(1 for row in tables(tmp_path / "home").outcomes() if row["units"])
        # Without Redis the folder is all there is; with it, the new scan's workers would also end the killed job.
        shutil.rmtree(tmp_path / "home" / ".rekscan")
        rekognition.reset()
        scan(photos, tmp_path / "home", rekognition, api="labels")
        assert rekognition.total() == 30 - committed
    assert len(list_jobs(str(tmp_path / "home"))) == 2


def _picture(tmp_path: Path) -> bytes:
    return (make_photos(tmp_path / "new", 40) / "photo-0039.jpg").read_bytes()
