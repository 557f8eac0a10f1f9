"""--first local: the bundled models look on the workers, and AWS is asked where they see something. Killed in the
middle nothing is left running, and nothing is paid or looked at twice."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from emulator.photos import PHOTOS, photo
from jobs.folder import JobFolder
from rekscan import cli
from tests.emulator.test_life import alive
from tests.support.s3_gateway import s3_gateway
from tests.support.s3_server import s3_server
from tests.support.scans import Emulator, Scan, asked_twice_is_marked, children_of, emulator, look, tables
from tests.support.waiting import until

WHEN = ("--first", "local", "--when", "faces: local.faces has any")
FIRST = "local.faces"
CALL = 0.001  # dollars
LEASE = {"REKSCAN_LEASE_SECONDS": "2"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "photos"
    folder.mkdir()
    for names in PHOTOS.values():
        for name in names:
            (folder / name).write_bytes(photo(name))
    return folder


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """What stands for AWS."""
    with emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


def models_of(scan: Scan) -> list[int]:
    """The emulator that its worker has started, and the model processes of that."""
    workers = scan.children("workers")
    servers = [pid for worker in workers for pid in children_of(worker, "--end-with-stdin")]
    return [*servers, *(pid for server in servers for pid in children_of(server, "emulator.engine.child"))]


def looks(home: Path) -> list[dict[str, Any]]:
    """The rows of the bundled models in the newest job's folder."""
    folder = JobFolder(str(home), tables(home).folder.name)
    rows = [row for files in folder.result_parts().values() for row in folder.result(files, first=True).to_pylist()]
    return [row for row in rows if row["api"] == FIRST]


def asking(photos: Path, home: Path, rekognition: Emulator, *more: str) -> Scan:
    url = ("--rekognition-endpoint-url", rekognition.url)
    return Scan("scan", str(photos), "--api", "faces", *WHEN, "--yes", "--json", *url, *more, home=home, env=LEASE)


def test_killed_in_the_middle_nothing_runs_on_and_a_resume_neither_pays_nor_looks_again(
    photos: Path, rekognition: Emulator, tmp_path: Path
) -> None:
    home, pictures = tmp_path / "home", len(list(photos.iterdir()))
    rekognition.reset()
    scan = asking(photos, home, rekognition, "--tps", "faces=2", "--max-cost", "1")
    until(lambda: rekognition.total() >= 2, "AWS is asked")
    running = models_of(scan)
    assert len(running) >= 2
    killed = datetime.now(UTC)
    scan.kill_everything()
    until(lambda: not any(map(alive, running)), "the bundled models end with their worker")
    resumed = Scan("resume", "last", "--json", home=home, env=LEASE)
    until(lambda: models_of(resumed) or resumed.process.poll() is not None, "the rest is looked at")
    again = models_of(resumed)
    status = resumed.status()
    assert status["state"] == "finished", status
    assert not any(map(alive, again))

    rows = looks(home)
    with_face = {row["content"] for row in rows if orjson.loads(row["response"])["FaceDetails"]}
    assert 0 < len(with_face) < pictures
    assert {f"sha256:{content}" for content in rekognition.counts()["DetectFaces"]} == with_face
    asked_twice_is_marked(tables(home), rekognition)
    faces = status["by_api"]["faces"]
    assert (faces["planned"], faces["ok"], faces["not_asked"]) == (pictures, len(with_face), pictures - len(with_face))
    assert status["calls"] == {**faces}
    assert status["first"] == {FIRST: {"planned": pictures, "ok": pictures, "skipped": 0, "failed": 0}}
    assert sum(row["started_at"] < killed for row in rows) > 0  # those it has not looked at again
    assert {(row["attempts"], row["units"], row["maybe_billed"], row["marks"]) for row in rows} == {(0, 0, 0, None)}
    assert float(status["usd"]["actual"]) == round(len(with_face) * CALL, 6)
    apart(home, len(with_face), pictures - len(with_face))


def apart(home: Path, asked: int, others: int) -> None:
    """No table, no line of costs takes a look for a call."""
    found = tables(home)
    assert Counter(row["status"] for row in found.rows("images")) == {"ok": asked, "not-asked": others}
    assert [line["api"] for line in look("costs", "last", home=home)["lines"]] == ["faces"]
    assert f"{FIRST}: the bundled models looked first" in (found.folder / "reports" / "report.html").read_text()


def test_a_pilot_asks_aws_of_all_and_says_what_the_models_spare_and_miss(
    photos: Path, rekognition: Emulator, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    rekognition.reset()
    words = ("estimate", str(photos), "--api", "faces", *WHEN, "--pilot", "14", "--yes", "--max-cost", "1", "--json")
    found = Scan(*words, "--rekognition-endpoint-url", rekognition.url, home=home).status()
    rows = looks(home)
    seen = sum(bool(orjson.loads(row["response"])["FaceDetails"]) for row in rows)
    assert len(rekognition.counts()["DetectFaces"]) == len(rows) == 14
    (faces,) = found["conditions"]
    assert faces["share"]["value"] == seen / 14
    # The recorded answer has a face on every picture.
    assert faces["missed"]["missed"] == 14 - seen
    assert faces["missed"]["images"] == dict.fromkeys(("low", "value", "high"), (14 - seen) / 14)  # all were asked
    assert found["first"]["images"] == 14
    assert found["total_usd"] == str(14 * 0.001)
    rekognition.reset()
    status = asking(photos, home, rekognition).status()
    assert rekognition.total() == 0  # known, and so are the looks
    assert {row["sent"] for row in looks(home)} == {"known"}
    assert status["by_api"]["faces"]["ok"] == seen


def test_objects_on_s3_are_read_for_them_as_planned_and_aws_reads_those_with_a_face_itself(
    photos: Path, rekognition: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, rows = tmp_path / "home", dict[int, bool]()
    objects = {name: (photos / name).read_bytes() for name in ("astronaut.jpg", "hopper.jpg", "cat.jpg", "temple.jpg")}
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    rekognition.reset()
    with s3_server() as s3, s3_gateway(s3.url) as gateway:
        s3.bucket("archive", objects)
        asked = ("s3://archive/", "--api", "faces", *WHEN, "--s3-endpoint-url", gateway.url, "--region", "us-east-1")
        lines = look("estimate", *asked, home=home)["s3"]["lines"]
        planned = next(line["units"] for line in lines if line["meter"] == "s3-get")
        gateway.asked.clear()
        url = ("--rekognition-endpoint-url", rekognition.url)
        status = Scan("scan", *asked, "--yes", "--json", *url, home=home, env=LEASE).status()
        reads = [one for one in gateway.asked if one.method == "GET" and one.path.split("?")[0].endswith(".jpg")]
    for row in looks(home):
        rows[row["item_id"]] = bool(orjson.loads(row["response"])["FaceDetails"])
    assert sorted(rows.values()) == [False, False, True, True]
    assert status["first"] == {FIRST: {"planned": 4, "ok": 4, "skipped": 0, "failed": 0}}
    assert (status["by_api"]["faces"]["ok"], status["by_api"]["faces"]["not_asked"]) == (2, 2)
    assert rekognition.total() == 2
    assert {row["sent"] for row in tables(home).rows("images") if row["status"] == "ok"} == {"s3"}
    assert len({one.path for one in reads}) == len(objects) <= len(reads) <= planned


def test_without_the_models_a_scan_is_refused_before_it_lists(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    words = ["scan", str(photos), "--api", "faces", *WHEN, "--yes", "--home", str(tmp_path / "home")]
    assert cli.run(words) == 1
    said = capsys.readouterr().err
    assert "--first local needs the bundled models, and there is no onnxruntime" in said
    assert "pip install 'rekscan[emulator]'" in said
    assert not list(tmp_path.glob("home/*/job.json"))
