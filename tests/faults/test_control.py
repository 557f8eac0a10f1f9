"""pause, cancel, retry and a budget on jobs that run: within seconds, and never touching another job."""

import json
from pathlib import Path

import pytest

from tests.support.scans import Emulator, Scan, emulator, look, make_photos, tables
from tests.support.waiting import until


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 100)


def start(photos: Path, tmp_path: Path, rekognition: Emulator, *more: str) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "labels", "--yes", "--json", "--shard-size", "10", "--tps", "labels=8",
        "--rekognition-endpoint-url", rekognition.url, *more, home=tmp_path / "home",
    )  # fmt: skip


def run(tmp_path: Path, *words: str) -> tuple[int, dict[str, object]]:
    code, out = Scan(*words, "--json", home=tmp_path / "home").wait()
    return code, json.loads(out) if out else {}


def test_a_paused_job_sends_nothing_more_and_resume_pays_nothing_twice(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path) as rekognition:
        scan = start(photos, tmp_path, rekognition)
        until(lambda: rekognition.total() > 20, "some calls are made")
        assert look("pause", "last", home=tmp_path / "home")["state"] == "paused"
        code, out = scan.wait()
        assert (code, json.loads(out)["state"]) == (4, "paused")
        assert rekognition.total() < 100
        # Its Redis has ended with it, and the folder knows why it stopped and all that was answered.
        status = look("status", "last", home=tmp_path / "home")
        assert (status["state"], status["calls"]["ok"]) == ("paused", rekognition.total())
        code, status = run(tmp_path, "resume", "last")
        assert (code, status["state"]) == (0, "finished")
        assert rekognition.total() == 100


def test_a_cancelled_job_has_partial_tables_that_say_so(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path) as rekognition:
        scan = start(photos, tmp_path, rekognition)
        until(lambda: rekognition.total() > 20, "some calls are made")
        assert look("cancel", "last", home=tmp_path / "home")["state"] == "cancelled"
        assert scan.wait()[0] == 4
        paid = rekognition.total()
        assert paid < 100
        found = tables(tmp_path / "home")
        partial = sorted(path.name for path in (found.folder / "reports").glob("images*.csv"))
        assert len(partial) == 1
        assert "partial" in partial[0]
        assert sum(row["units"] for row in found.outcomes()) == paid
        # It can still go on.
        assert run(tmp_path, "resume", "last")[1]["state"] == "finished"
        assert rekognition.total() == 100
        assert len(tables(tmp_path / "home").rows("images")) == 100


def test_a_cap_is_never_passed_the_last_affordable_call_is_made_and_a_higher_cap_goes_on(
    photos: Path, tmp_path: Path
) -> None:
    with emulator(tmp_path, "--latency", "40ms") as rekognition:
        scan = start(photos, tmp_path, rekognition, "--max-cost", "0.0375", "--tps", "labels=60")
        code, out = scan.wait()
        status = json.loads(out)
        assert (code, status["state"], status["reason"]) == (4, "incomplete", "budget")
        assert rekognition.total() == 37  # $0.001 each
        assert status["usd"]["actual"] == "0.037"
        code, status = run(tmp_path, "resume", "last", "--max-cost", "1")  # type: ignore[assignment]
        assert (code, status["state"]) == (0, "finished")
        assert rekognition.total() == 100


def test_a_cap_can_be_set_on_a_job_that_runs(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path) as rekognition:
        scan = start(photos, tmp_path, rekognition, "--tps", "labels=4")
        until(lambda: rekognition.total() > 5, "some calls are made")
        assert run(tmp_path, "resume", "last", "--max-cost", "0.05")[1]["state"] == "running"
        code, out = scan.wait()
        assert (code, json.loads(out)["reason"]) == (4, "budget")
        assert rekognition.total() == 50


def test_attempts_whose_answer_never_came_count_in_every_run_and_the_cap_holds(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path, "--latency", "40ms", "--fault", "DetectLabels:truncate:25%") as rekognition:
        for cap in (60, 75):
            words = ("--max-cost", f"0.{cap:03d}")
            scan = start(photos, tmp_path, rekognition, *words, "--tps", "labels=60") if cap == 60 else None
            code, out = scan.wait() if scan else Scan("resume", "last", *words, "--json", home=tmp_path / "home").wait()
            assert (code, json.loads(out)["reason"]) == (4, "budget")
            billed = sum(sum(by.values()) for by in rekognition.billed().values())
            assert billed <= cap
            status, costs = (look(what, "last", home=tmp_path / "home") for what in ("status", "costs"))
            usd = {name: costs["usd"][name] for name in ("actual", "maybe")}  # type: ignore[index]
            assert {name: status["usd"][name] for name in usd} == usd  # type: ignore[index]
            assert round(1000 * sum(map(float, usd.values()))) == billed == cap


ONE_BY_ONE = {"REKSCAN_CALLS": "1"}  # calls under way at once: slow enough to be stopped midway


def failed_first(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    """A finished job all of whose calls failed."""
    assert start(photos, tmp_path, rekognition, "--tps", "labels=100").wait()[0] == 3


def test_a_paused_retry_is_gone_on_with_and_ended_by_resume(photos: Path, tmp_path: Path) -> None:
    with emulator(
        tmp_path, "--latency", "300ms", "--fault", "DetectLabels:400:InvalidImageFormatException:100"
    ) as rekognition:
        failed_first(photos, tmp_path, rekognition)
        retry = Scan("retry", "last", "--json", home=tmp_path / "home", env=ONE_BY_ONE)
        until(lambda: rekognition.total() > 110, "the retry makes calls")
        assert look("pause", "last", home=tmp_path / "home")["state"] == "paused"
        assert retry.wait()[0] == 4
        paid = rekognition.total()
        assert 110 < paid < 200
        status = look("status", "last", home=tmp_path / "home")
        assert (status["state"], status["calls"]["ok"]) == ("paused", paid - 100)  # type: ignore[index]
        code, status = run(tmp_path, "resume", "last")
        assert (code, status["state"], status["calls"]["ok"]) == (0, "finished", 100)  # type: ignore[index]
        assert rekognition.total() == 200


def test_an_interrupted_retry_is_gone_on_with_and_ended_by_resume(photos: Path, tmp_path: Path) -> None:
    with emulator(
        tmp_path, "--latency", "300ms", "--fault", "DetectLabels:400:InvalidImageFormatException:100"
    ) as rekognition:
        failed_first(photos, tmp_path, rekognition)
        retry = Scan("retry", "last", home=tmp_path / "home", env=ONE_BY_ONE)
        until(lambda: rekognition.total() > 110, "the retry makes calls")
        assert retry.interrupt() == 130
        assert "rekscan resume" in retry.log.read_text()
        assert rekognition.total() < 200
        code, status = run(tmp_path, "resume", "last")
        assert (code, status["state"], status["calls"]["ok"]) == (0, "finished", 100)  # type: ignore[index]
        assert (rekognition.total(), status["calls"]["maybe_billed"]) == (200, 0)  # type: ignore[index]


def test_a_retry_asks_the_failed_calls_alone_and_what_it_leaves_failed_the_next_one_asks(
    photos: Path, tmp_path: Path
) -> None:
    with emulator(tmp_path, "--fault", "DetectLabels:400:InvalidImageFormatException:130") as rekognition:
        failed_first(photos, tmp_path, rekognition)
        assert len(tables(tmp_path / "home").rows("failures")) == 100
        assert run(tmp_path, "retry", "last", "--code", "NoSuchCode")[0] == 1
        for code, total, ok in ((3, 200, 70), (0, 230, 100)):
            ended, status = run(tmp_path, "retry", "last", "--code", "InvalidImageFormatException")
            assert (ended, rekognition.total(), status["calls"]["ok"]) == (code, total, ok)  # type: ignore[index]
            assert len(tables(tmp_path / "home").rows("failures")) == 100 - ok
        assert status["calls"] == {
            "planned": 100, "ok": 100, "skipped": 0, "failed": 0, "not_asked": 0, "maybe_billed": 0,
        }  # fmt: skip
        assert run(tmp_path, "retry", "last")[0] == 1
        costs = look("costs", "last", home=tmp_path / "home")
        assert costs["lines"][0]["calls"]["attempts"] == 230  # type: ignore[index]


def test_a_job_of_nothing_but_trouble_finishes_too(tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 0, broken=3)
    with emulator(tmp_path) as rekognition:
        code, _ = start(source, tmp_path, rekognition).wait()
    assert code == 0
    assert {row["status"] for row in tables(tmp_path / "home").rows("images")} == {"skipped"}
