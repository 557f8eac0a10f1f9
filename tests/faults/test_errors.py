"""What may come instead of an answer, over real HTTP: each call ends as one row, or the job says why it stopped."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    "fault",
    ["500:30%", "503:30%", "400:ThrottlingException:30%", "reset:12%", "hang:12%", "truncate:12%", "html:12%"],
)
def test_passing_faults_are_retried_until_every_call_is_answered(
    photos: Path, tmp_path: Path, undisturbed: Tables, fault: str
) -> None:
    answer_lost = fault.partition(":")[0] in ("reset", "hang", "truncate", "html")
    with emulator(tmp_path, "--fault", f"DetectLabels:{fault}") as rekognition:
        status = scan(photos, tmp_path, rekognition.url).status()
        requests = rekognition.total()
        found = tables(tmp_path / "home")
        if answer_lost:  # the others are not billed
            asked_twice_is_marked(found, rekognition)
    assert status["state"] == "finished"
    assert status["calls"]["ok"] == 40
    same_tables(found, undisturbed, "images", "labels")
    assert left_in_redis(tmp_path / "home") == {key(found.folder.name)}
    rows = found.outcomes()
    assert sum(row["attempts"] for row in rows) == requests > 40
    maybe = sum(row["maybe_billed"] for row in rows)
    assert maybe == (requests - 40 if answer_lost else 0)


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
