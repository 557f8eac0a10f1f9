"""Films, processes killed for real: nothing is lost, and nothing is paid twice, not even what was in flight."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from jobs.ledger.keys import key
from tests.support.film_scans import again, calls, film_rows, findings, scan_of, starts
from tests.support.films import film, second
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, emulator, left_in_redis, look, tables
from tests.support.waiting import until

FILMS = {f"film-{number}-1s.mp4": second() + bytes(number) for number in range(3)}
LONG = {"film-10min.mp4": film(rate=1, frames=600)}
APIS = "video-labels,video-faces"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("films", FILMS)
        server.bucket("long", LONG)
        yield server


@pytest.fixture
def rekognition(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(tmp_path, "--video-latency", "500ms") as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, s3: S3Server, rekognition: Emulator) -> Callable[..., Scan]:
    return lambda source, apis, *more: scan_of(tmp_path / "home", source, apis, s3, rekognition, *more)


def asked(rekognition: Emulator, operation: str) -> int:
    return sum(rekognition.counts().get(operation, {}).values())


def paid_once(home: Path, rekognition: Emulator, jobs: int) -> None:
    """Each start is paid once at the endpoint, and no row says that it may have been paid twice."""
    assert list(starts(rekognition).values()) == [1] * jobs
    rows = film_rows(tables(home))
    assert [(row["outcome"], row["units"], row["maybe_billed"]) for row in rows] == [("ok", 1, 0)] * jobs
    costs = look("costs", "last", home=home)
    assert costs["usd"]["actual"] == costs["usd"]["planned"]


def test_a_worker_killed_between_a_start_and_its_answer_pays_once(
    tmp_path: Path, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    rekognition.set_faults("StartLabelDetection:slow=4:3", "StartFaceDetection:hang:1")
    scan = run("s3://films/", APIS)
    until(lambda: asked(rekognition, "StartLabelDetection"), "a start is sent")
    scan.kill_worker()
    status = scan.status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["maybe_billed"]) == ("finished", 6, 0)
    paid_once(tmp_path / "home", rekognition, 6)
    assert left_in_redis(tmp_path / "home") <= {key(status["job"])}


def test_a_worker_killed_while_pages_are_read_reads_them_again_for_nothing(
    tmp_path: Path, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    rekognition.set_faults("GetLabelDetection:slow=0.5:40")
    scan = run("s3://long/", "video-labels")
    until(lambda: asked(rekognition, "GetLabelDetection") > 4, "some pages are read")
    scan.kill_worker()
    rekognition.set_faults()
    assert calls(scan.status()) == {"video-labels": (1, 1, 0, 0)}
    paid_once(tmp_path / "home", rekognition, 1)
    [labels] = findings(tables(tmp_path / "home"), "video-labels", "Labels").values()
    assert len({(label["Timestamp"], label["Label"]["Name"]) for label in labels}) == len(labels) > 3000


def test_with_redis_wiped_the_tokens_bring_every_job_back(
    tmp_path: Path, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    home = tmp_path / "home"
    scan = run("s3://films/", APIS, "--video-jobs", "4")
    until(
        lambda: asked(rekognition, "StartFaceDetection") + asked(rekognition, "StartLabelDetection") > 2, "some start"
    )
    scan.kill_everything()
    shutil.rmtree(home / ".rekscan")
    status = again(home, "resume").status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["maybe_billed"]) == ("finished", 6, 0)
    paid_once(home, rekognition, 6)


def test_after_ctrl_c_and_with_redis_wiped_nothing_is_paid_twice(
    tmp_path: Path, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    home = tmp_path / "home"
    rekognition.set_faults("GetFaceDetection:slow=2:9", "GetLabelDetection:slow=2:9")
    scan = run("s3://films/", APIS, "--max-cost", "0.01")  # what all of them cost, and nothing more
    until(lambda: asked(rekognition, "GetFaceDetection") or asked(rekognition, "GetLabelDetection"), "one is looked at")
    assert scan.interrupt() == 130
    assert {row["outcome"] for row in film_rows(tables(home))} <= {"ok"}
    shutil.rmtree(home / ".rekscan")
    rekognition.set_faults()
    status = again(home, "resume").status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["maybe_billed"]) == ("finished", 6, 0)
    paid_once(home, rekognition, 6)


def test_a_worker_that_is_frozen_past_its_lease_brings_what_the_next_one_has(
    tmp_path: Path, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    rekognition.set_faults("GetLabelDetection:slow=2:3")
    scan = run("s3://films/", "video-labels")
    [worker] = until(lambda: scan.children("workers"), "a worker runs")[:1]
    until(lambda: asked(rekognition, "GetLabelDetection"), "one is looked at")
    os.kill(worker, signal.SIGSTOP)
    taken = asked(rekognition, "StartLabelDetection")
    assert taken
    until(lambda: left(tmp_path / "home"), "its lease lapses")
    os.kill(worker, signal.SIGCONT)
    assert calls(scan.status()) == {"video-labels": (3, 3, 0, 0)}
    paid_once(tmp_path / "home", rekognition, 3)


def test_two_homes_of_which_one_loses_its_worker_and_one_all_pay_once_beside_a_stranger(
    tmp_path: Path, s3: S3Server
) -> None:
    """The stranger has all but one of the slots for good, so that each home is refused again and again."""
    homes = [tmp_path / name for name in ("one", "two")]
    with emulator(tmp_path, "--video-latency", "1s+6s/min") as rekognition:
        fill(rekognition, 19)
        rekognition.set_faults("StartTextDetection:hang:1")
        one, two = (scan_of(home, "s3://films/", "video-labels,video-text", s3, rekognition) for home in homes)
        until(lambda: starts(rekognition) and rekognition.refused(), "a film is over, and one was refused")
        two.kill_everything()
        shutil.rmtree(homes[1] / ".rekscan")
        one.kill_worker()
        rekognition.set_faults()
        for scan in (one, again(homes[1], "resume")):
            status = scan.status()
            assert (status["state"], status["calls"]["ok"], status["calls"]["failed"]) == ("finished", 6, 0)
            assert status["calls"]["maybe_billed"] == 0
        assert list(starts(rekognition).values()) == [1] * 6


def fill(rekognition: Emulator, slots: int) -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    stranger = boto3.client("rekognition", endpoint_url=rekognition.url, **keys)
    for number in range(slots):
        stranger.start_face_detection(Video={"S3Object": {"Bucket": "other", "Name": f"{number}-50min.mp4"}})


def test_a_film_that_is_replaced_once_it_is_started_is_answered_as_what_it_was(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    home = tmp_path / "home"
    rekognition.set_faults("GetLabelDetection:slow=9:9")
    s3.bucket("replaced", {"film-1s.mp4": FILMS["film-1-1s.mp4"]})
    scan = run("s3://replaced/", "video-labels")
    until(lambda: asked(rekognition, "GetLabelDetection"), "it is looked at")
    look("cancel", "last", home=home)
    assert scan.wait()[0] == 4
    shutil.rmtree(home / ".rekscan")
    rekognition.set_faults()
    s3.client().put_object(Bucket="replaced", Key="film-1s.mp4", Body=FILMS["film-0-1s.mp4"] + b"another")
    assert calls(again(home, "resume").status()) == {"video-labels": (1, 1, 0, 0)}
    paid_once(home, rekognition, 1)


def test_answers_that_aws_has_no_more_when_a_killed_scan_is_resumed_are_said_and_not_bought(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Callable[..., Scan]
) -> None:
    """As after seven days: the endpoint knows neither tokens nor jobs. The second film is not started yet."""
    home = tmp_path / "home"
    rekognition.set_faults("GetLabelDetection:slow=9:9")
    s3.bucket("expiring", {"film-1-1s.mp4": FILMS["film-1-1s.mp4"], "film-2-1s.mp4": FILMS["film-2-1s.mp4"]})
    scan = run("s3://expiring/", "video-labels", "--video-jobs", "1")
    until(lambda: asked(rekognition, "GetLabelDetection"), "the first is looked at")
    scan.kill_everything()
    rekognition.kill()
    rekognition.start(rekognition.port)
    s3.client().put_object(Bucket="expiring", Key="film-2-1s.mp4", Body=FILMS["film-0-1s.mp4"] + b"another")
    status = again(home, "resume").status()
    assert calls(status) == {"video-labels": (2, 0, 1, 1)}
    said = {row["outcome"]: (row["code"], row["maybe_billed"]) for row in film_rows(tables(home))}
    assert said == {"failed": ("answer-expired", 1), "skipped": ("changed", 0)}
    assert starts(rekognition) == {}
    assert calls(again(home, "retry").status()) == {"video-labels": (2, 1, 1, 0)}
    assert list(starts(rekognition)) == ["StartLabelDetection s3://expiring/film-1-1s.mp4"]
    assert calls(run("s3://expiring/", "video-labels").status()) == {"video-labels": (2, 2, 0, 0)}
    assert list(starts(rekognition).values()) == [1, 1]


def left(home: Path) -> bool:
    status = look("status", "last", home=home)
    return bool(status["waits_for"])
