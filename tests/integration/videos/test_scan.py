"""Whole scans of films: the command line, a worker, S3 by moto, the emulator."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.support.film_scans import again, calls, film_rows, findings, pages_of, scan_of, starts
from tests.support.films import film, second
from tests.support.raw_server import Serving
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, emulator, look, tables

SECOND = second()
TWO = film(rate=25, frames=50)
HEVC = film(codec="libx265", rate=1, frames=90, **{"x265-params": "log-level=none"})

AT_S3, AT_AWS = ("--s3-endpoint-url",), ("--rekognition-endpoint-url",)
Run = Callable[..., Scan]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Two jobs at a time, each of 300 ms at least."""
    with emulator(tmp_path_factory.mktemp("emulator"), "--video-jobs", "2", "--video-latency", "300ms") as running:
        yield running


@pytest.fixture
def rekognition(slow: Emulator) -> Iterator[Emulator]:
    slow.reset()
    yield slow
    slow.set_faults()


@pytest.fixture
def run(tmp_path: Path, s3: S3Server, rekognition: Emulator) -> Run:
    def started(source: str, apis: str, *more: str, **env: str) -> Scan:
        return scan_of(tmp_path / "home", source, apis, s3, rekognition, *more, **env)

    return started


def picture(directory: Path) -> bytes:
    Image.new("RGB", (96, 96), (10, 200, 30)).save(directory / "a.jpg")
    return (directory / "a.jpg").read_bytes()


def test_films_and_pictures_are_scanned_in_one_job(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run
) -> None:
    bad = {"f/hevc.mp4": HEVC, "f/cut.mp4": SECOND[:-1]}
    s3.bucket("mixed", {"f/a.jpg": picture(tmp_path), "f/one-1s.mp4": SECOND, "f/two-2s.mov": TWO, **bad})
    status = run("s3://mixed/f/", "labels,video-labels,video-segments").status()
    assert status["state"] == "finished", status
    assert calls(status) == {"labels": (1, 1, 0, 0), "video-labels": (2, 2, 0, 0), "video-segments": (2, 2, 0, 0)}
    found = tables(tmp_path / "home")
    rows = film_rows(found)
    assert sorted(row["ms"] for row in rows) == [1000, 1000, 2000, 2000]
    assert all(row["ms"] == row["probed_ms"] and (row["units"], row["maybe_billed"]) == (1, 0) for row in rows)
    assert [len(pages) for pages in pages_of(found, "video-labels").values()] == [1, 1]
    assert set(starts(rekognition).values()) == {1}
    skipped = {row["uri"].rpartition("/")[2]: row["skip"] for row in manifest(found.folder) if row["skip"]}
    assert skipped == {"hevc.mp4": "unsupported-codec: hevc", "cut.mp4": "truncated"}
    films = {one["uri"].rpartition("/")[2]: one for one in table(found.folder, "videos")}
    assert {name: (one["status"], one["length_ms"], one["codec"]) for name, one in films.items()} == {
        "one-1s.mp4": ("ok", 1000, "h264"), "two-2s.mov": ("ok", 2000, "h264"),
        "hevc.mp4": ("skipped", 90_000, "hevc"), "cut.mp4": ("skipped", None, None),
    }  # fmt: skip
    assert [one["kind"] for one in table(found.folder, "images")] == ["image"]
    assert {row["item_id"] for row in table(found.folder, "video_segments")} == {
        films[name]["item_id"] for name in ("one-1s.mp4", "two-2s.mov")
    }
    assert 'src="report/film-' in (found.folder / "reports" / "report.html").read_text()
    costs = look("costs", "last", home=tmp_path / "home")
    assert costs["usd"]["actual"] == costs["usd"]["planned"]
    for line in costs["lines"]:
        assert line["actual"]["units"] == line["planned"]["units"] > 0
    s3.client().put_object(Bucket="mixed", Key="f/one-1s.mp4", Body=SECOND + b"\0")
    another = run("s3://mixed/f/", "video-labels").status()  # one film was replaced, the other has the same token
    assert calls(another) == {"video-labels": (2, 2, 0, 0)}
    assert paid(rekognition, "s3://mixed/f/") == {"one-1s.mp4": 2, "two-2s.mov": 1}
    assert calls(run("s3://mixed/f/", "video-labels", "--again").status()) == {"video-labels": (2, 2, 0, 0)}
    assert paid(rekognition, "s3://mixed/f/") == {"one-1s.mp4": 3, "two-2s.mov": 2}


def paid(rekognition: Emulator, below: str) -> dict[str, int]:
    """How often the labels of each film were."""
    found = rekognition.billed()["StartLabelDetection"]
    return {film.removeprefix(below): times for film, times in found.items() if film.startswith(below)}


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(folder / "reports" / f"{name}.parquet").to_pylist()  # type: ignore[no-any-return]


def manifest(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "manifest").to_pylist()  # type: ignore[no-any-return]


def test_what_aws_fails_or_has_no_more_is_a_row_that_says_so_and_only_a_retry_asks_anew(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run
) -> None:
    s3.bucket("failing", {"good-1s.mp4": SECOND, "bad-2s.mp4": TWO})
    expired = "GetFaceDetection:400:ResourceNotFoundException:1"
    rekognition.set_faults("StartTextDetection:fail=Odd Ärger.:@bad-2s", expired)
    status = run("s3://failing/", "video-text,video-faces").status()
    assert (status["state"], calls(status)) == ("finished", {"video-text": (2, 1, 0, 1), "video-faces": (2, 1, 0, 1)})
    failed = {row["api"]: row for row in film_rows(tables(tmp_path / "home")) if row["outcome"] == "failed"}
    text, faces = failed["video-text"], failed["video-faces"]
    assert (text["code"], text["message"], text["units"], text["maybe_billed"]) == ("video-failed", "Odd Ärger.", 0, 0)
    assert (faces["code"], faces["epoch"], status["calls"]["maybe_billed"]) == ("answer-expired", 0, 1)
    assert (started(rekognition, "Text"), started(rekognition, "Face")) == ([1], [1, 1])
    lines = {line["api"]: line for line in look("costs", "last", home=tmp_path / "home")["lines"]}
    assert lines["video-text"]["actual"]["units"] * 60_000 == pytest.approx(1000)
    rekognition.set_faults()
    mended = again(tmp_path / "home", "retry").status()
    assert calls(mended) == {"video-text": (2, 2, 0, 0), "video-faces": (2, 2, 0, 0)}
    assert (started(rekognition, "Text"), started(rekognition, "Face")) == ([1, 1], [1, 2])
    epochs = {(row["api"], row["epoch"]) for row in film_rows(tables(tmp_path / "home"))}
    assert epochs == {(api, epoch) for api in failed for epoch in (0, 1)}


def started(rekognition: Emulator, what: str) -> list[int]:
    """How often each film was paid for."""
    return sorted(times for start, times in starts(rekognition).items() if start.startswith(f"Start{what}"))


def test_a_full_house_waits_whoever_fills_it(tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run) -> None:
    s3.bucket("many", {f"film-{number}-1s.mp4": SECOND + bytes(number) for number in range(5)})
    strangers = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b").client(
        "rekognition", endpoint_url=rekognition.url, region_name="us-east-1"
    )
    strangers.start_face_detection(Video={"S3Object": {"Bucket": "other", "Name": "long-1s.mp4"}})
    status = run("s3://many/", "video-labels,video-faces").status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["failed"]) == ("finished", 10, 0)
    mine = {name: times for name, times in starts(rekognition).items() if "many" in name}
    assert len(mine) == 10 and set(mine.values()) == {1}


def test_a_cap_holds_to_the_millisecond(tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run) -> None:
    s3.bucket("capped", {f"film-{number}-1s.mp4": SECOND + bytes(number) for number in range(4)})
    status = run("s3://capped/", "video-labels", "--max-cost", "0.005").status()  # three seconds of four
    assert (status["state"], status["reason"]) == ("incomplete", "budget")
    assert status["calls"]["ok"] == 3
    assert float(status["usd"]["actual"]) == pytest.approx(0.005)
    resumed = again(tmp_path / "home", "resume", "--max-cost", "0.007").status()
    assert (resumed["state"], resumed["calls"]["ok"]) == ("finished", 4)
    assert sum(starts(rekognition).values()) == 4


def test_an_answer_of_many_pages_is_read_to_its_end(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run
) -> None:
    s3.bucket("long", {"film-10min.mp4": film(rate=1, frames=600)})
    rekognition.set_faults("GetLabelDetection:500:2", "GetLabelDetection:400:InvalidPaginationTokenException:2")
    status = run("s3://long/", "video-labels").status()
    assert calls(status) == {"video-labels": (1, 1, 0, 0)}
    found = tables(tmp_path / "home")
    [pages] = pages_of(found, "video-labels").values()
    [labels] = findings(found, "video-labels", "Labels").values()
    assert len(pages) > 2
    times = [label["Timestamp"] for label in labels]
    assert times == sorted(times) and times[-1] == 599_500


def test_an_answer_whose_file_is_lost_is_read_again_by_a_retry_and_neither_paid_nor_reserved_twice(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run
) -> None:
    s3.bucket("lost", {"film-1s.mp4": SECOND, "film-2s.mp4": TWO})
    assert run("s3://lost/", "video-faces", "--max-cost", "0.005").status()["state"] == "finished"  # three seconds
    home = tmp_path / "home"
    next(home.glob("*/results/video/video-faces/*.parquet")).unlink()
    retried = again(home, "retry").status()
    assert (retried["state"], calls(retried)) == ("finished", {"video-faces": (2, 2, 0, 0)})
    assert list(starts(rekognition).values()) == [1, 1]
    costs = look("costs", "last", home=home)
    assert costs["usd"]["actual"] == costs["usd"]["planned"]
    assert len(findings(tables(home), "video-faces", "Faces")) == 2


def test_an_answer_that_the_home_has_is_taken_however_old_it_is(tmp_path: Path, s3: S3Server) -> None:
    """The endpoint forgets all: so does AWS after seven days."""
    s3.bucket("known", {"film-1s.mp4": SECOND, "long-200s.mp4": film(rate=1, frames=200)})
    home, apis = tmp_path / "home", "video-labels,video-segments"
    with emulator(tmp_path) as endpoint:
        first = scan_of(home, "s3://known/", apis, s3, endpoint).status()
        before = tables(home)
        endpoint.kill()
        endpoint.start(endpoint.port)
        asked = ("estimate", "s3://known/", "--api", f"{apis},video-text", *AT_S3, s3.url, *AT_AWS, endpoint.url)
        estimated = look(*asked, home=home)
        assert (estimated["known"]["answered_by_earlier_jobs"], estimated["videos"]["speed"]["jobs"]) == (4, 2)
        assert {line["api"]: line["units"] for line in estimated["lines"]} == {
            "video-labels": 0, "video-segments": 0, "video-text": 3.35,
        }  # fmt: skip
        second = scan_of(home, "s3://known/", apis, s3, endpoint).status()
        assert calls(second) == calls(first) == dict.fromkeys(apis.split(","), (2, 2, 0, 0))
        assert starts(endpoint) == {}
        after = tables(home)
        assert {(row["sent"], row["units"], row["ms"]) for row in film_rows(after)} == {("known", 0, None)}
        assert {row["answer_of"].partition("/")[0] for row in film_rows(after)} == {first["job"]}
        for name in ("video_labels", "video_segments"):
            assert after.rows(name, "since") == before.rows(name, "since")
        assert [len(pages) for pages in pages_of(after, "video-labels").values()] == [1, 2]
        costs = look("costs", "last", home=home)
        assert [float(costs["usd"][name]) for name in ("planned", "actual")] == [0, 0]
        assert [line["calls"]["known"] for line in costs["lines"][:1]] == [2]
        next(home.glob(f"{second['job']}/results/video/video-labels/*")).unlink()
        assert calls(again(home, "retry").status()) == calls(first)  # from the first job again
        assert starts(endpoint) == {}
        assert scan_of(home, "s3://known/", "video-labels", s3, endpoint, "--again").status()["state"] == "finished"
        assert list(starts(endpoint).values()) == [1, 1]
        costs = look("costs", "last", home=home)
        assert costs["usd"]["planned"] == costs["usd"]["actual"] != "0"


def test_an_answer_that_cannot_be_read_is_not_said_to_be_the_service_s_trouble(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run
) -> None:
    s3.bucket("odd", {"film-1s.mp4": SECOND})
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
    with Serving(f'{head}Content-Length: 8\r\n\r\n["busy"]'.encode()) as odd:
        status = scan_of(tmp_path / "home", "s3://odd/", "video-faces", s3, odd).status()
    assert status["state"] == "blocked"
    assert "of films, fails again and again: AttributeError" in status["reason"]
    assert status["do"] == "Please report this as a bug."
    resumed = again(tmp_path / "home", "resume", "--rekognition-endpoint-url", rekognition.url).status()
    assert (resumed["state"], resumed["calls"]["maybe_billed"]) == ("finished", 0)
    assert list(starts(rekognition).values()) == [1]


@pytest.mark.parametrize("fault", ["StartTextDetection:500:100%", "StartTextDetection:400:AccessDeniedException:100%"])
def test_a_service_that_takes_nothing_blocks_the_job_and_a_resume_goes_on(
    tmp_path: Path, s3: S3Server, rekognition: Emulator, run: Run, fault: str
) -> None:
    bucket = f"blocked-{len(fault)}"
    s3.bucket(bucket, {"film-1s.mp4": SECOND, "film-2s.mp4": TWO})
    rekognition.set_faults(fault)
    status = run(f"s3://{bucket}/", "video-text", REKSCAN_OUTAGE_SECONDS="1").status()
    assert status["state"] == "blocked" and status["reason"] and status["do"]
    assert status["calls"]["failed"] == 0
    rekognition.set_faults()
    resumed = again(tmp_path / "home", "resume").status()
    assert (resumed["state"], calls(resumed)) == ("finished", {"video-text": (2, 2, 0, 0)})
    assert resumed["calls"]["maybe_billed"] == 0
    assert sorted(starts(rekognition).values()) == [1, 1]
