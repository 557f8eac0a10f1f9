"""`estimate --pilot N --near D`: pairs that look alike are asked about both. Whole scans, counted at the endpoint."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.intervals import share
from tests.support.bursts import NAMES, make_bursts
from tests.support.people import has_person, on_some_pictures
from tests.support.scans import Emulator, Scan, Tables, emulator, look

FOLLOW = len(NAMES) * 3
IMAGES, PAIRS = 10, 5
ASK = ("--api", "labels,faces", "--near", "4")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bursts(tmp_path_factory.mktemp("bursts"))


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator"), first=on_some_pictures) as running:
        yield running


def pilot(archive: Path, home: Path, rekognition: Emulator, max_cost: str) -> Scan:
    where = ("--rekognition-endpoint-url", rekognition.url)
    return Scan(
        "estimate", str(archive), *ASK, "--pilot", str(IMAGES), "--max-cost", max_cost, "--json", *where, home=home
    )


def test_a_pilot_asks_pairs_within_its_cap_and_plan_report_and_costs_say_how_often_they_differ(
    archive: Path, rekognition: Emulator, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    found = pilot(archive, home, rekognition, "0.05").status()
    asked = rekognition.counts()
    assert asked["DetectLabels"].keys() == asked["DetectFaces"].keys()
    assert all(times == 1 for by in asked.values() for times in by.values())
    assert IMAGES <= len(asked["DetectLabels"]) <= IMAGES + 2 * PAIRS
    too_little = str(Decimal(rekognition.total() - 1) / 1000)
    refused, _ = pilot(archive, tmp_path / "other", rekognition, too_little).wait()
    assert (refused, rekognition.counts()) == (1, asked)

    pairs = found["near"]["pairs"]
    files = {row["uri"] for row in Tables(home / pairs["job"]).rows("images")}
    followers = [path for path in map(Path, files) if not path.name.endswith("-0.jpg")]
    person = {path: has_person(path.read_bytes()) for path in archive.iterdir()}
    differ = sum(person[path] != person[path.with_name(f"{path.stem[:-2]}-0.jpg")] for path in followers)
    assert (len(followers), differ > 0) == (PAIRS, True)  # of four followers alone the answers are their leaders'
    labels, faces = pairs["apis"]
    assert labels == {
        "api": "labels", "compared": "labels", "pairs": PAIRS, "differ": differ,
        "share": share(differ, PAIRS, FOLLOW).to_json(),
    }  # fmt: skip
    assert (faces["compared"], faces["pairs"], faces["differ"]) == ("number of faces", PAIRS, 0)
    assert found["sample"]["items"] == IMAGES  # the pairs are no part of the fair sample

    planned = look("scan", str(archive), *ASK, "--dry-run", "--region", "us-east-1", home=home)
    assert planned["near"]["pairs"] == pairs
    status = scan(archive, home, rekognition)
    assert status["usd"]["actual"] == str(Decimal(rekognition.total() - sum(map(len, asked.values()))) / 1000)
    assert all(times == 1 for by in rekognition.counts().values() for times in by.values())  # answers are kept as known
    costs = look("costs", status["job"], home=home)["near"]
    assert sum(costs["inherited"]["labels"].values()) == FOLLOW
    assert costs["planned"]["asked"][0] == {"api": "labels", "what": "labels", "pairs": PAIRS, "differ": differ}
    page = (home / status["job"] / "reports" / "report.html").read_text()
    assert f"{FOLLOW} answers of labels inherited (--near): " in page
    assert f"labels: other labels in {differ} of {PAIRS} pairs asked" in page


def scan(archive: Path, home: Path, rekognition: Emulator) -> dict[str, Any]:
    url = ("--rekognition-endpoint-url", rekognition.url)
    return Scan("scan", str(archive), *ASK, "--yes", "--json", "--shard-size", "4", *url, home=home).status()
