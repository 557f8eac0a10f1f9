"""A service that is not well: sending stops after a few calls, whatever the job and its workers; what it never answered
stays to be done. The endpoint counts."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.support.scans import Emulator, Scan, emulator, look, make_photos, tables
from tests.support.waiting import until

CALLS = 120
SLOWLY = ("scan", "--api", "labels", "--yes", "--tps", "labels=30")
FEW = 40  # docs/guarantees.md: two dozen, then one at a time


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), CALLS)


def scan(photos: Path, tmp_path: Path, rekognition: Emulator, *more: str, workers: int = 1, outage: int = 3) -> Scan:
    env = {
        "REKSCAN_OUTAGE_SECONDS": str(outage),
        "REKSCAN_READ_TIMEOUT": "3",
        "REKSCAN_WORKERS": str(workers),
        "REKSCAN_REKOGNITION_ENDPOINT_URL": rekognition.url,
    }
    words = more or ("scan", str(photos), "--api", "labels", "--yes", "--shard-size", "10", "--tps", "labels=500")
    return Scan(*words, "--json", home=tmp_path / "home", env=env)


def now_comes(rekognition: Emulator, *faults: str) -> None:
    """Other faults from now on; and the endpoint counts anew."""
    request = urllib.request.Request(
        f"{rekognition.url}/admin/faults", json.dumps(faults).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).read()


@pytest.mark.parametrize(
    ("fault", "workers", "says"),
    [
        ("html", 1, "<html"),
        ("hang", 4, "ReadTimeoutError"),
        ("500", 1, "InternalServerError"),
        ("418:TeapotException", 1, "TeapotException"),
    ],
)
def test_a_service_that_answers_nothing_usable_blocks_the_job_after_a_few_calls_and_resume_goes_on(
    photos: Path, tmp_path: Path, fault: str, workers: int, says: str
) -> None:
    with emulator(tmp_path, "--fault", f"DetectLabels:{fault}:100%") as rekognition:
        code, out = scan(photos, tmp_path, rekognition, workers=workers).wait()
        status = json.loads(out)
        assert (code, status["state"]) == (4, "blocked"), out
        assert (status["calls"]["ok"], status["calls"]["failed"]) == (0, 0)
        assert says in status["reason"]
        assert "resume the job" in status["do"]
        sent = rekognition.total()
        assert sent <= FEW
        now_comes(rekognition)
        status = scan(photos, tmp_path, rekognition, "resume", "last").status()
        assert (status["state"], status["calls"]["ok"]) == ("finished", CALLS)
        assert rekognition.total() == sent + CALLS
    if fault in ("html", "hang"):
        assert status["calls"]["maybe_billed"] == sent


def test_a_service_that_comes_back_in_time_is_waited_for_and_no_row_fails(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path) as rekognition:
        run = scan(photos, tmp_path, rekognition, *SLOWLY, str(photos), outage=100)
        until(lambda: rekognition.total() > 20, "calls are answered")
        now_comes(rekognition, "DetectLabels:500:100%")
        until(lambda: "not well" in waits_for(tmp_path), "the job waits")
        now_comes(rekognition)
        status = run.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", CALLS)


def waits_for(tmp_path: Path) -> str:
    return str(look("status", "last", home=tmp_path / "home")["waits_for"])


def test_a_refusal_that_nobody_knows_of_one_picture_is_a_failed_row(photos: Path, tmp_path: Path) -> None:
    with emulator(tmp_path, "--fault", "DetectLabels:418:TeapotException:1") as rekognition:
        code, out = scan(photos, tmp_path, rekognition).wait()
        assert (code, json.loads(out)["state"]) == (3, "finished"), out
        assert rekognition.total() == CALLS
    (row,) = tables(tmp_path / "home").rows("failures")
    assert (row["outcome"], row["code"], row["attempts"], row["maybe_billed"]) == ("failed", "TeapotException", 1, 0)


def test_a_few_pictures_that_go_wrong_each_time_are_failed_rows(photos: Path, tmp_path: Path) -> None:
    few = make_photos(tmp_path / "few", 3)
    with emulator(tmp_path, "--fault", "DetectLabels:500:100%") as rekognition:
        code, out = scan(few, tmp_path, rekognition).wait()
        assert (code, json.loads(out)["state"]) == (3, "finished"), out
        assert rekognition.total() == 3 * 6
