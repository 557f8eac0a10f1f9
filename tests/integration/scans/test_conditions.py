"""--when: an API is asked only where others found something. Whole scans, counted at the endpoint."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.costs import reckon, tally
from jobs.costs.text import costs_parts, text
from jobs.documents import CONDITIONS
from jobs.folder import JobFolder
from tests.support.people import has_person, on_some_pictures
from tests.support.scans import Emulator, Scan, Tables, emulator, look, make_photos, tables

APIS = "text,faces,labels,properties"
WHEN = ("--when", "faces: labels has Person >= 60", "--when", "text: faces has any and not labels has Cat")


@dataclass(frozen=True)
class Archive:
    folder: Path
    people: frozenset[str]  # names of the files that have a person
    others: frozenset[str]
    broken: int = 3

    @property
    def pictures(self) -> int:
        return len(self.people) + len(self.others)

    @property
    def contents(self) -> set[str]:
        """Of those with a person."""
        return {sha256(self.folder / name) for name in self.people}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = make_photos(tmp_path_factory.mktemp("photos"), 40, broken=3)
    shutil.copy(folder / "photo-0000.jpg", folder / "twin.jpg")
    whole = [path for path in folder.glob("*.jpg") if not path.name.startswith("broken")]
    people = frozenset(path.name for path in whole if has_person(path.read_bytes()))
    return Archive(folder, people, frozenset(path.name for path in whole) - people)


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator"), first=on_some_pictures) as running:
        yield running


def scan(archive: Archive, home: Path, rekognition: Emulator, *more: str, api: str = APIS) -> dict[str, Any]:
    status = Scan(
        "scan", str(archive.folder), "--api", api, "--yes", "--json", "--shard-size", "15",
        "--rekognition-endpoint-url", rekognition.url, *more, home=home,
    ).status()  # fmt: skip
    assert status["state"] == "finished", status
    return status


@pytest.fixture(scope="module")
def scanned(archive: Archive, rekognition: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Any]:
    home = tmp_path_factory.mktemp("scanned") / "home"
    rekognition.reset()
    status = scan(archive, home, rekognition, *WHEN)
    counts = {operation: set(by) for operation, by in rekognition.counts().items()}
    return tables(home), (status, counts)


def test_only_what_a_condition_holds_for_is_asked(archive: Archive, scanned: tuple[Tables, Any]) -> None:
    _, (_, asked) = scanned
    assert asked["DetectFaces"] == asked["DetectText"] == archive.contents
    assert len(asked["DetectLabels"]) == archive.pictures - 1  # a twin is asked once


def test_what_was_not_asked_adds_up_and_costs_nothing(archive: Archive, scanned: tuple[Tables, Any]) -> None:
    found, (status, _) = scanned
    planned, people, broken = archive.pictures + archive.broken, len(archive.people), archive.broken
    for name in ("faces", "text"):
        calls = {"planned": planned, "ok": people, "skipped": 0, "failed": 0, "not_asked": planned - people}
        assert status["by_api"][name] == {**calls, "maybe_billed": 0}
    assert status["by_api"]["labels"]["skipped"] == broken
    for calls in (status["calls"], *status["by_api"].values()):
        assert calls["planned"] == sum(calls[name] for name in ("ok", "skipped", "failed", "not_asked"))
    # Of the broken ones labels was skipped, so their conditions could not be decided, and nothing was spared there.
    assert {row["api"]: (row["not_asked"], row["undecided"]) for row in found.rows("costs")} == {
        "text": (planned - people, broken), "faces": (planned - people, broken), "labels": (0, 0), "properties": (0, 0),
    }  # fmt: skip
    assert look("status", "last", home=found.folder.parent)["calls"] == status["calls"]
    lines = look("costs", "last", home=found.folder.parent)["lines"]
    spared = str(Decimal(planned - people - broken) / 1000)
    assert [line.get("spared_usd") for line in lines] == [spared, spared, None, None]
    asked, all_ = len(archive.contents), archive.pictures - 1  # a twin's answers are known
    for line, paid in zip(lines, (asked, asked, all_, all_), strict=True):
        calls = line["calls"]
        assert (line["planned"]["units"], line["actual"]["units"]) == (planned, paid)
        assert planned == sum(calls.get(name, 0) for name in ("ok", "skipped", "failed", "not_asked"))
        assert calls["ok"] - calls["known"] == paid
    said = costs_of(found)
    others = len(archive.others)
    assert said.count(f"{others} not asked, as their condition did not hold: about ${spared} spared") == 2
    assert said.count(f"{broken} not asked, as what their condition reads failed or was skipped: nothing spared\n") == 2


def costs_of(found: Tables) -> str:
    """What `rekscan costs` prints of a job."""
    folder = JobFolder(str(found.folder.parent), found.folder.name)
    return text(costs_parts(reckon(folder.spec, tally(folder))))


def test_the_tables_say_what_was_not_asked_and_the_report_under_which_condition(
    archive: Archive, scanned: tuple[Tables, Any]
) -> None:
    found, _ = scanned
    images = {row["uri"].rpartition("/")[2]: row for row in found.rows("images")}
    assert {name: (images[name]["status"], images[name]["not_asked"]) for name in images} == {
        **dict.fromkeys(archive.people, ("ok", None)),
        **dict.fromkeys(archive.others, ("ok", "faces; text")),
        **{f"broken-{n:02d}.jpg": ("skipped", "faces; text") for n in range(archive.broken)},
    }
    assert {row["outcome"] for row in found.rows("failures")} == {"skipped"}
    page = (found.folder / "reports" / "report.html").read_text()
    assert "planned = ok + skipped + failed + not asked" in page
    condition = "faces was asked when <code>labels has &#34;Person&#34; &gt;= 60</code>"
    assert f"{condition}; of {archive.broken} pictures that could not be decided" in page


def test_each_outcome_has_its_reason(archive: Archive, scanned: tuple[Tables, Any]) -> None:
    found, _ = scanned
    rows = [row for row in found.outcomes() if row["outcome"] == "not-asked"]
    codes = {(row["api"], row["code"]) for row in rows}
    assert codes == {(api, code) for api in ("faces", "text") for code in ("condition-false", "condition-unknown")}
    said = {row["message"] for row in rows if row["api"] == "faces"}
    text = 'labels has "Person" >= 60'
    assert said == {text, f"labels skipped (truncated): {text}"}


def test_conditions_are_terms_of_the_job_in_a_format_that_earlier_versions_refuse(scanned: tuple[Tables, Any]) -> None:
    spec = scanned[0].spec()
    assert spec["format"] == CONDITIONS  # of other jobs: tests/integration/folder/test_formats.py
    assert {api["name"]: api.get("when") for api in spec["apis"]} == {
        "text": 'faces has any and not labels has "Cat"', "faces": 'labels has "Person" >= 60',
        "labels": None, "properties": None,
    }  # fmt: skip


def test_a_known_answer_decides_a_condition_for_nothing(
    archive: Archive, rekognition: Emulator, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    scan(archive, home, rekognition, api="labels")
    rekognition.reset()
    faces = estimate(archive, home, rekognition)
    images, people = archive.pictures + archive.broken, len(archive.people)
    assert (faces["sampled"], faces["share"]) == (images, dict.fromkeys(("low", "value", "high"), people / images))
    paid = str(Decimal(people) / 1000)
    assert (faces["all_usd"], faces["usd"]) == (
        str(Decimal(images) / 1000), {"low": paid, "expected": paid, "high": paid},
    )  # fmt: skip
    assert faces["missed"] is None  # nobody has asked faces of the others
    status = scan(archive, home, rekognition, *WHEN[:2], api="labels,faces")
    assert set(rekognition.counts()) == {"DetectFaces"}
    assert set(rekognition.counts()["DetectFaces"]) == archive.contents
    assert status["by_api"]["faces"]["not_asked"] == archive.pictures + archive.broken - len(archive.people)


def estimate(archive: Archive, home: Path, rekognition: Emulator, *more: str) -> dict[str, Any]:
    """What it says of the condition of faces."""
    url = ("--rekognition-endpoint-url", rekognition.url)
    found = Scan(
        "estimate", str(archive.folder), "--api", "labels,faces", *WHEN[:2], *url, *more, "--json", home=home
    ).status()
    (faces,) = found["conditions"]
    assert faces["when"] == 'labels has "Person" >= 60'
    return dict(faces)


def test_a_pilot_tells_what_a_condition_saves_and_misses_and_its_answers_are_known(
    archive: Archive, rekognition: Emulator, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    rekognition.reset()
    assert estimate(archive, home, rekognition)["share"] is None
    faces = estimate(archive, home, rekognition, "--pilot", "20", "--yes", "--max-cost", "0.04")
    asked = rekognition.counts()
    sample = set(asked["DetectFaces"])
    assert set(asked["DetectLabels"]) == sample
    held = len(sample & archive.contents)
    assert faces["sampled"] == 20
    # Of what was drawn: one interval in twenty misses the whole (tests/unit/jobs/test_intervals.py has how often).
    assert faces["share"]["value"] in (held / 20, (held + 1) / 20)
    assert 0 < faces["share"]["low"] < faces["share"]["value"] < faces["share"]["high"] < 1
    # The recorded answer has a face on every picture.
    assert faces["missed"]["found"] - faces["missed"]["missed"] in (held, held + 1)  # twins are asked once
    scan(archive, home, rekognition, *WHEN[:2], api="labels,faces")
    assert set(rekognition.counts()["DetectFaces"]) == sample | archive.contents
    assert all(times == 1 for by in rekognition.counts().values() for times in by.values())


def test_a_pilot_over_its_cap_pays_nothing(archive: Archive, rekognition: Emulator, tmp_path: Path) -> None:
    rekognition.reset()
    refused = Scan(
        "estimate", str(archive.folder), "--api", "labels,faces", *WHEN[:2], "--pilot", "20", "--max-cost", "0.039",
        "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home",
    )  # fmt: skip
    assert refused.wait()[0] == 1
    assert "over --max-cost" in refused.log.read_text()
    assert rekognition.total() == 0


def test_a_retry_of_what_a_condition_reads_asks_what_it_left_open(
    archive: Archive, rekognition: Emulator, tmp_path: Path
) -> None:
    home, failing = tmp_path / "home", archive.folder / max(archive.people - {"twin.jpg"})
    rekognition.set_faults(f"DetectLabels:InvalidImageFormatException:@{sha256(failing)}")
    rekognition.reset()
    scan_of = Scan(
        "scan", str(archive.folder), "--api", "text,faces,labels", "--yes", "--json", *WHEN,
        "--rekognition-endpoint-url", rekognition.url, home=home,
    )  # fmt: skip
    calls = scan_of.status()["by_api"]
    assert (calls["labels"]["failed"], calls["faces"]["ok"]) == (1, len(archive.people) - 1)
    assert sha256(failing) not in rekognition.counts()["DetectFaces"]
    said, job = costs_of(tables(home)), tables(home).folder.name
    assert f"{archive.broken + 1} not asked, as what their condition reads failed or was skipped" in said
    assert f"nothing spared; `rekscan retry {job}` asks what failed, and then these" in said
    rekognition.set_faults()
    rekognition.reset()
    calls = Scan("retry", "last", "--json", home=home).status()["by_api"]
    for name in ("labels", "faces", "text"):
        assert calls[name]["planned"] == sum(calls[name][n] for n in ("ok", "skipped", "failed", "not_asked"))
    assert (calls["labels"]["failed"], calls["faces"]["ok"], calls["text"]["ok"]) == (0, *[len(archive.people)] * 2)
    assert costs_of(tables(home)).count(f"{archive.broken} not asked, as what their condition reads") == 2
    asked = {operation: set(by) for operation, by in rekognition.counts().items()}
    assert asked == {name: {sha256(failing)} for name in ("DetectLabels", "DetectFaces", "DetectText")}
    images = {row["uri"].rpartition("/")[2]: row for row in tables(home).rows("images")}
    assert (images[failing.name]["status"], images[failing.name]["not_asked"]) == ("ok", None)
