"""What may come instead of an answer, over real HTTP: each call ends as one row, or the job says why it stopped."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from emulator.server.behaviour import Behaviour, parse_fault
from jobs.ledger.keys import key
from tests.support.scans import (
    Scan,
    Tables,
    asked_twice_is_marked,
    emulator,
    left_in_redis,
    make_photos,
    same_tables,
    tables,
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 40)


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as rekognition:
        assert scan(photos, directory, rekognition.url).status()["state"] == "finished"
    return tables(directory / "home")


def scan(photos: Path, tmp_path: Path, url: str, *more: str) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "labels", "--yes", "--json", "--rekognition-endpoint-url", url, *more,
        home=tmp_path / "home",
        env={"REKSCAN_READ_TIMEOUT": "2"},
    )  # fmt: skip


REFUSED = ("500:10%", "503:10%", "400:ThrottlingException:10%")  # which AWS does not bill
LOST = ("reset:10%", "hang:4%", "truncate:6%", "html:10%")  # answers that AWS bills and that nobody gets


@pytest.mark.parametrize("kinds", [REFUSED, LOST], ids=["refused", "lost"])
def test_passing_faults_are_retried_until_every_call_is_answered(
    photos: Path, tmp_path: Path, undisturbed: Tables, kinds: tuple[str, ...]
) -> None:
    faults = [f"DetectLabels:{kind}" for kind in kinds]
    befell = befalls(faults, photos)
    assert set(befell) == set(faults)
    with emulator(tmp_path, *(word for fault in faults for word in ("--fault", fault))) as rekognition:
        status = scan(photos, tmp_path, rekognition.url).status()
        requests = rekognition.total()
        found = tables(tmp_path / "home")
        if kinds is LOST:
            asked_twice_is_marked(found, rekognition)
    assert status["state"] == "finished"
    assert status["calls"]["ok"] == 40
    same_tables(found, undisturbed, "images", "labels")
    assert left_in_redis(tmp_path / "home") == {key(found.folder.name)}
    rows = found.outcomes()
    assert sum(row["attempts"] for row in rows) == requests == 40 + befell.total()
    assert sum(row["maybe_billed"] for row in rows) == (befell.total() if kinds is LOST else 0)


def befalls(faults: list[str], photos: Path) -> Counter[str]:
    """How often each of them does: the emulator's chance is one of picture and attempt."""
    behaviour = Behaviour(faults=[parse_fault(fault, str) for fault in faults])
    found: Counter[str] = Counter()
    for photo in photos.iterdir():
        content = sha256(photo.read_bytes()).hexdigest()
        while (fault := behaviour.fault("DetectLabels", content)) is not None:
            found[fault.text] += 1
    return found


def test_a_throttle_storm_slows_the_gate_and_loses_nothing(photos: Path, tmp_path: Path, undisturbed: Tables) -> None:
    with emulator(tmp_path, "--quota", "labels=15", "--latency", "50ms") as rekognition:
        status = scan(photos, tmp_path, rekognition.url, "--tps", "labels=60").status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", 40)
    assert status["throttled"] > 0
    found = tables(tmp_path / "home")
    assert sum(row["throttles"] for row in found.outcomes()) == status["throttled"]
    same_tables(found, undisturbed, "images", "labels")
    assert left_in_redis(tmp_path / "home") == {key(found.folder.name)}


def test_an_error_that_always_comes_is_a_failed_row_with_its_code_and_exit_code_3(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path, "--fault", "DetectLabels:400:InvalidImageFormatException:100%") as rekognition:
        run = scan(photos, tmp_path, rekognition.url)
        assert run.wait()[0] == 3
    failures = tables(tmp_path / "home").rows("failures")
    assert len(failures) == 40
    assert {(row["outcome"], row["code"], row["attempts"]) for row in failures} == {
        ("failed", "InvalidImageFormatException", 1)
    }


def test_a_denial_stops_the_job_after_a_few_calls_and_says_what_to_do_then_resume_goes_on(
    photos: Path, tmp_path: Path
) -> None:
    with emulator(tmp_path, "--fault", "DetectLabels:400:AccessDeniedException:9", "--latency", "100ms") as rekognition:
        run = scan(photos, tmp_path, rekognition.url, "--tps", "labels=20")
        code, out = run.wait()
        assert code == 4
        assert '"state": "blocked"' in out
        assert "AccessDeniedException" in out
        assert "rekognition:DetectLabels" in out
        assert rekognition.total() <= 12
    with emulator(tmp_path) as rekognition:
        # The endpoint of a job is written in its spec; this one came back on another port, which is said by flag.
        url = ("--rekognition-endpoint-url", rekognition.url)
        status = Scan("resume", "last", "--json", *url, home=tmp_path / "home").status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", 40)


def test_a_wrong_key_is_the_credentials_fault_not_the_pictures(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path, "--verify-key", "AKIA:right") as rekognition:
        code, out = scan(photos, tmp_path, rekognition.url).wait()
    assert code == 4
    assert '"state": "blocked"' in out
    assert "credentials" in out
