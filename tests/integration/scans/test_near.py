"""--near: of pictures that look alike one is asked. Whole scans, counted at the endpoint."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.bursts import NAMES, make_bursts, photo
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, Tables, emulator, look, tables

APIS = "labels,faces"
S3_ENV = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
BURST = 4
ASKED = len(NAMES) * 2 + 2  # of each burst one and the one of another size; the pages
PICTURES = len(NAMES) * (BURST + 1) + 2
FOLLOW = PICTURES - ASKED


def usd(calls: int) -> str:
    return str(Decimal("0.001") * calls)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bursts(tmp_path_factory.mktemp("bursts"))


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


def scan(source: object, home: Path, rekognition: Emulator, *more: str, api: str = APIS) -> dict[str, Any]:
    status = Scan(
        "scan", str(source), "--api", api, "--yes", "--json", "--shard-size", "4",
        "--rekognition-endpoint-url", rekognition.url, *more, home=home,
    ).status()  # fmt: skip
    assert status["state"] == "finished", status
    return status


@pytest.fixture(scope="module")
def scanned(archive: Path, rekognition: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Any]:
    home = tmp_path_factory.mktemp("scanned") / "home"
    rekognition.reset()
    status = scan(archive, home, rekognition, "--near", "4")
    return tables(home), (status, rekognition.total())


def test_one_of_a_burst_is_asked_and_what_was_planned_is_what_was_paid(scanned: tuple[Tables, Any]) -> None:
    found, (status, asked) = scanned
    assert asked == 2 * ASKED
    assert status["calls"]["planned"] == status["calls"]["ok"] == 2 * PICTURES
    assert status["usd"]["actual"] == status["usd"]["planned"] == usd(2 * ASKED)
    assert {row["api"]: row["known"] for row in found.rows("costs")} == {"labels": FOLLOW, "faces": FOLLOW}


def test_an_inherited_answer_is_that_of_the_first_of_its_burst(scanned: tuple[Tables, Any]) -> None:
    found, _ = scanned
    images = {row["item_id"]: row for row in found.rows("images")}
    inherited = {row["item_id"]: row for row in images.values() if row["answer_of"] is not None}
    assert len(inherited) == FOLLOW
    assert {row["sent"] for row in inherited.values()} == {"inherited"}
    for row in inherited.values():
        burst = row["uri"].rpartition("-")[0]
        assert images[row["answer_of"]]["uri"] == f"{burst}-0.jpg"
        assert 0 <= row["distance"] <= 4
    answers = {(row["item_id"], row["api"]): row for row in found.outcomes()}
    for (item, api), row in answers.items():
        if row["sent"] == "inherited":
            leader = answers[inherited[item]["answer_of"], api]
            assert row["response"] == leader["response"]
            assert (row["units"], row["attempts"], row["content"]) == (0, 0, None)
            assert row["answer_of"] == f"{found.folder.name}/{leader['item_id']}"
    assert {row["distance"] for row in images.values() if row["answer_of"] is None} == {None}


def test_an_inherited_answer_is_not_known_of_its_picture(
    archive: Path, rekognition: Emulator, scanned: tuple[Tables, Any]
) -> None:
    found, _ = scanned
    rekognition.reset()
    scan(archive, found.folder.parent, rekognition, api="labels")
    assert rekognition.total() == FOLLOW  # without --near each is asked that was not


def test_who_somebody_is_is_asked_of_each_picture(archive: Path, rekognition: Emulator, tmp_path: Path) -> None:
    rekognition.reset()
    face = archive / "astronaut-0.jpg"
    scan(archive, tmp_path / "home", rekognition, "--near", "4", api=f"labels,compare-faces:source={face}")
    asked = {operation: sum(by.values()) for operation, by in rekognition.counts().items()}
    assert asked["DetectLabels"] == ASKED
    assert asked["CompareFaces"] >= PICTURES


def test_a_picture_without_an_answer_has_none_to_give(rekognition: Emulator, tmp_path: Path) -> None:
    burst = tmp_path / "burst"
    burst.mkdir()
    photo("coffee").save(burst / "0.webp", quality=92)
    for number in (1, 2):
        photo("coffee").save(burst / f"{number}.jpg", quality=80 + number)
    rekognition.reset()
    status = scan(burst, tmp_path / "home", rekognition, "--near", "4", "--no-fit", api="labels")
    assert (status["calls"]["ok"], status["calls"]["skipped"], rekognition.total()) == (2, 1, 2)
    assert {row["answer_of"] for row in tables(tmp_path / "home").rows("images")} == {None}


def test_a_retry_of_a_burst_asks_one_of_it_again(archive: Path, rekognition: Emulator, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shots = [hashlib.sha256((archive / f"cat-{n}.jpg").read_bytes()).hexdigest() for n in range(BURST)]
    rekognition.set_faults(*(f"DetectLabels:InvalidImageFormatException:@{shot}" for shot in shots))
    failed = Scan(
        "scan", str(archive), "--api", "labels", "--near", "4", "--yes", "--json", "--shard-size", "4",
        "--rekognition-endpoint-url", rekognition.url, home=home,
    ).status()["calls"]  # fmt: skip
    assert (failed["ok"], failed["failed"]) == (PICTURES - BURST, BURST)
    rekognition.set_faults()
    rekognition.reset()
    assert Scan("retry", "last", "--json", home=home).status()["calls"]["ok"] == PICTURES
    assert rekognition.counts() == {"DetectLabels": {shots[0]: 1}}
    images = [row for row in tables(home).rows("images") if "/cat-" in row["uri"] and "small" not in row["uri"]]
    assert [row["answer_of"] for row in images] == [None, *[images[0]["item_id"]] * (BURST - 1)]


def test_a_plan_says_what_it_saves(archive: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    planned = look("scan", str(archive), "--api", APIS, "--near", "4", "--dry-run", "--region", "us-east-1", home=home)
    assert planned["near"] == {"images": FOLLOW, "bits": 4, "saves_usd": usd(2 * FOLLOW)}
    assert planned["total_usd"] == usd(2 * ASKED)
    assert planned["items"]["images"] == PICTURES
    assert "s3" not in planned
    anything = look("estimate", str(archive), "--api", APIS, "--near", "4,any-size", home=home)
    assert anything["near"]["images"] == FOLLOW + len(NAMES)


@pytest.fixture(scope="module")
def s3(archive: Path) -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("archive", {path.name: path.read_bytes() for path in archive.iterdir()})
        yield server


def test_objects_are_read_for_it_which_is_on_the_bill(
    s3: S3Server, rekognition: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in S3_ENV.items():
        monkeypatch.setenv(name, value)
    where = ("--s3-endpoint-url", s3.url, "--region", "us-east-1")
    asked = ("s3://archive/", "--api", "labels")
    plain = look("estimate", *asked, *where, home=tmp_path / "home")
    near = look("estimate", *asked, "--near", "4", *where, home=tmp_path / "home")
    assert near["near"] == {"images": FOLLOW, "bits": 4, "saves_usd": usd(FOLLOW)}
    gets = [next(line["units"] for line in one["s3"]["lines"] if line["meter"] == "s3-get") for one in (plain, near)]
    assert gets[1] - gets[0] == PICTURES
    calls = [one["quotas"]["operations"]["DetectLabels"]["duration_s"] for one in (plain, near)]
    assert plain["duration_s"] == calls[0] and near["duration_s"] > calls[1]  # comparing takes its time
    scan("s3://archive/", tmp_path / "home", rekognition, "--near", "4", *where[:2], api="labels")
    assert {row["sent"] for row in tables(tmp_path / "home").rows("images")} == {"s3", "inherited"}
