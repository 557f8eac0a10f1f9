"""What a scan has started it stops: at its end, at its cap, on Ctrl-C, and after everything was killed; and what ran
before is left running."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rekscan import cli
from rekscan.testing import Emulator as Client
from tests.support.bursts import make_bursts
from tests.support.scans import Emulator, Scan, emulator, look, make_photos, tables
from tests.support.waiting import until

ARN = "arn:aws:rekognition:us-east-1:000000000000:project/logos/version/{}/1767225600000"
V1 = ARN.format("v1")
DECLARED = ["logos/v1=cat", "logos/old:EXPIRED=cat", "logos/bad:FAILED=cat"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), 60)


@pytest.fixture(scope="module")
def everlasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    declared = [word for text in DECLARED for word in ("--custom-model", text)]
    with emulator(tmp_path_factory.mktemp("emulator"), "--model-seconds", "0.5", *declared) as running:
        yield running


@pytest.fixture
def rekognition(everlasting: Emulator) -> Iterator[Emulator]:
    everlasting.reset()
    yield everlasting
    client = aws(everlasting)
    if status(everlasting) == "RUNNING":  # of a test that failed
        client.stop_project_version(ProjectVersionArn=V1)
    until(lambda: status(everlasting) in ("STOPPED", "TRAINING_COMPLETED"), "the model is down again")


def aws(rekognition: Emulator) -> Any:
    return Client(rekognition.url, rekognition.process).client()  # type: ignore[arg-type]


def status(rekognition: Emulator) -> str:
    asked = {"ProjectArn": V1.replace("version/v1/", ""), "VersionNames": ["v1"]}
    found = aws(rekognition).describe_project_versions(**asked)["ProjectVersionDescriptions"]
    return str(found[0]["Status"])


def hours(rekognition: Emulator) -> float:
    return float(Client(rekognition.url, rekognition.process).counts()["inference_hours"].get(V1, 0.0))  # type: ignore[arg-type]


def scan(photos: Path, tmp_path: Path, rekognition: Emulator, *more: str, tps: int = 100) -> Scan:
    return Scan(
        "scan", str(photos), "--api", f"custom-labels:units=2,project_version_arn={V1}", "--yes", "--json",
        "--shard-size", "10", "--tps", f"custom-labels={tps}", "--rekognition-endpoint-url", rekognition.url, *more,
        home=tmp_path / "home",
    )  # fmt: skip


def records(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tables(tmp_path / "home").folder / "models").glob("*.json"))


def calls(rekognition: Emulator) -> int:
    return sum(rekognition.counts().get("DetectCustomLabels", {}).values())


def test_a_model_is_started_for_the_scan_and_stopped_at_its_end(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    found = scan(photos, tmp_path, rekognition).status()
    assert (found["state"], found["calls"]["ok"]) == ("finished", 60)
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    assert records(tmp_path) == ["001-started.json", "001-stopped.json"]
    costs = look("costs", "last", home=tmp_path / "home")
    (line,) = costs["lines"]
    assert hours(rekognition) <= line["actual"]["units"] < hours(rekognition) + 10 / 3600 * 2
    assert line["meter"] == "custom-labels-inference" and costs["complete"]


def test_ctrl_c_stops_it_and_resume_starts_it_again(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    running = scan(photos, tmp_path, rekognition, tps=10)
    until(lambda: calls(rekognition) > 5, "calls are made")
    running.process.send_signal(signal.SIGTERM)
    assert running.wait()[0] == 130
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    code, out = Scan("resume", "last", "--json", home=tmp_path / "home").wait()
    assert (code, json.loads(out)["calls"]["ok"]) == (0, 60)
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    assert len(records(tmp_path)) == 4
    assert set(rekognition.counts()["DetectCustomLabels"].values()) == {1}


def test_ctrl_c_while_it_starts_stops_it_as_soon_as_aws_does(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path, "--model-seconds", "5", "--custom-model", "logos/v1=cat") as slow:
        running = scan(photos, tmp_path, slow)
        until(lambda: status(slow) == "STARTING", "the model starts")
        assert running.interrupt() == 130
        until(lambda: status(slow) == "STOPPED", "the model has stopped")
        assert records(tmp_path) == ["001-started.json", "001-stopped.json"]
        assert calls(slow) == 0


def test_after_everything_was_killed_it_is_told_and_resume_stops_it(
    photos: Path, tmp_path: Path, rekognition: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    running, home = scan(photos, tmp_path, rekognition, tps=10), tmp_path / "home"
    until(lambda: calls(rekognition) > 5, "calls are made")
    running.kill_everything()
    assert status(rekognition) == "RUNNING"
    for words in (["jobs"], ["status", "last"], ["doctor"]):
        cli.run([*words, "--home", str(home)])
        said = "".join(capfd.readouterr())
        assert "logos/v1" in said and "still running since" in said and "$8.00 an hour" in said, words
    assert Scan("resume", "last", "--json", home=home).wait()[0] == 0
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    assert records(tmp_path) == ["001-started.json", "001-stopped.json"]
    cli.run(["jobs", "--home", str(home)])
    assert "still running" not in "".join(capfd.readouterr())


def test_cancel_stops_what_a_killed_job_has_left(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    running = scan(photos, tmp_path, rekognition, tps=10)
    until(lambda: calls(rekognition) > 5, "calls are made")
    running.kill_everything()
    assert look("cancel", "last", home=tmp_path / "home")["state"] == "incomplete"
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")


def test_a_pilot_and_its_pairs_start_the_model_once_and_stop_it_at_the_end(
    tmp_path: Path, rekognition: Emulator
) -> None:
    asked = ("--api", f"custom-labels:project_version_arn={V1}", "--near", "4", "--pilot", "4", "--max-cost", "0.2")
    where = ("--rekognition-endpoint-url", rekognition.url)
    pilot = Scan("estimate", str(make_bursts(tmp_path / "bursts")), *asked, *where, "--json", home=tmp_path / "home")
    found = pilot.status()
    assert found["sample"]["apis"][0]["answered"]["value"] == 1
    assert found["near"]["pairs"]["apis"][0]["pairs"] == 2
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    said = pilot.log.read_text()
    assert (said.count("Started the model"), said.count("runs on from job")) == (1, 1)
    for job in sorted((tmp_path / "home").glob("2*")):  # each pays for its own part of the time
        assert sorted(path.name for path in (job / "models").iterdir()) == ["001-started.json", "001-stopped.json"]
    assert len(list((tmp_path / "home").glob("2*/models"))) == 2


def test_a_cancelled_scan_stops_what_it_started(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    running = scan(photos, tmp_path, rekognition, tps=5)
    until(lambda: calls(rekognition) > 3, "calls are made")
    look("cancel", "last", home=tmp_path / "home")
    assert running.status()["state"] == "cancelled"
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    assert records(tmp_path) == ["001-started.json", "001-stopped.json"]


def test_a_cap_counts_the_hours(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    code, out = scan(photos, tmp_path, rekognition, "--max-cost", "0.073", tps=4).wait()  # 33 s at $8 an hour
    found = json.loads(out)
    assert (code, found["state"], found["reason"]) == (4, "incomplete", "budget")
    assert found["calls"]["ok"] < 60
    until(lambda: status(rekognition) == "STOPPED", "the model has stopped")
    assert hours(rekognition) * 4 < 0.073


def test_a_model_that_ran_before_is_left_running(photos: Path, tmp_path: Path, rekognition: Emulator) -> None:
    aws(rekognition).start_project_version(ProjectVersionArn=V1, MinInferenceUnits=3)
    until(lambda: status(rekognition) == "RUNNING", "the model runs")
    running = scan(photos, tmp_path, rekognition)
    assert running.status()["state"] == "finished"
    assert "is left running" in running.log.read_text()
    assert status(rekognition) == "RUNNING"
    assert records(tmp_path) == []
    assert tables(tmp_path / "home").spec()["apis"][0]["params"]["units"] == 3
    aws(rekognition).stop_project_version(ProjectVersionArn=V1)


@pytest.mark.parametrize(("name", "says"), [("old", "is EXPIRED"), ("v9", "there is no model")])
def test_a_model_that_cannot_run_is_refused_before_the_scan(
    photos: Path, tmp_path: Path, rekognition: Emulator, name: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ["--api", f"custom-labels:project_version_arn={ARN.format(name)}", "--yes", "--region", "us-east-1"]
    where = ["--rekognition-endpoint-url", rekognition.url, "--home", str(tmp_path / "home")]
    assert cli.run(["scan", str(photos), *asked, *where]) == 1
    assert says in "".join(capfd.readouterr())
    assert not (tmp_path / "home").exists() or not list((tmp_path / "home").glob("*/job.json"))


def test_a_model_that_fails_to_start_ends_the_scan_and_leaves_nothing(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    asked = f"custom-labels:project_version_arn={ARN.format('bad')}"
    where = ("--rekognition-endpoint-url", rekognition.url)
    running = Scan("scan", str(photos), "--api", asked, "--yes", *where, home=tmp_path / "home")
    assert running.wait()[0] == 1
    assert "could not be started" in running.log.read_text()
    assert list((tmp_path / "home").glob("*/job.json")) == []
