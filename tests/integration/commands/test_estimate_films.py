"""The price of films: real ones, of a folder and of an S3 server (moto), good and bad."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from jobs.errors import RekscanError, UsageError
from rekscan.commands.estimate import estimate
from rekscan.scans.order import Order, plan_order
from rekscan.settings import resolve
from tests.support.films import far_apart, film
from tests.support.s3_gateway import Refusal, s3_gateway
from tests.support.s3_server import S3Server, s3_server

SECOND = film(rate=25, frames=25)
MINUTE = film(rate=1, frames=61)
HEVC = film(codec="libx265", rate=1, frames=90, **{"x265-params": "log-level=none"})
ENDLESS = far_apart(film(frames=60, flags="frag_keyframe+empty_moov+default_base_moof+skip_trailer", g="1"))
PICTURE = b"\xff\xd8\xff\xe0"
GOOD = {"one.mp4": SECOND, "sub/minute.mp4": MINUTE}
BAD = {
    "hevc.mp4": HEVC, "again.mp4": HEVC, "cut.mp4": SECOND[:-1], "empty.mp4": b"", "picture.mov": PICTURE + bytes(100)
}  # fmt: skip
LEFT_OUT = {
    "not-a-video: jpeg": {"videos": 1, "minutes": 0},
    "truncated": {"videos": 1, "minutes": 0},
    "unsupported-codec: hevc": {"videos": 2, "minutes": 3},
}
MS = 1000 + 61_000


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "REKSCAN_DATA": tmp_path / "data",
        "REKSCAN_HOME": tmp_path / "home",
        "AWS_CONFIG_FILE": tmp_path / "none",
        "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "none",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, str(value))


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("archive", {f"films/{name}": data for name, data in (GOOD | BAD | {"a.jpg": PICTURE}).items()})
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in (GOOD | BAD | {"a.jpg": PICTURE, "b.jpg": PICTURE}).items():
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "films"


def run(*line: str) -> int:
    app = App(result_action="return_value")
    app.default(estimate)
    return int(app(line, exit_on_error=False))


def document(capsys: pytest.CaptureFixture[str], *line: str) -> Any:
    assert run(*line, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_films_in_s3_are_priced_to_the_millisecond(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
    found = document(capsys, "s3://archive/films/", "--api", "video-labels,video-segments")
    assert [(line["meter"], line["units"], line["usd"]) for line in found["lines"]] == [
        ("video-labels", 1.033333333, "0.1033333333"),
        ("video-segments-shot", 1.033333333, "0.05166666665"),
        ("video-segments-technical-cue", 1.033333333, "0.05166666665"),
    ]
    assert {round(line["units"] * 60_000) for line in found["lines"]} == {MS}
    assert found["bounds"] == {"low_usd": "0.2066666666", "high_usd": "0.6"}  # one minute, and two
    videos = found["videos"]
    assert (videos["videos"], videos["left_out"]) == (2, LEFT_OUT)
    assert found["items"]["skipped"] == {reason: row["videos"] for reason, row in LEFT_OUT.items()} | {"empty": 1}
    assert found["items"]["bytes"] == len(SECOND) + len(MINUTE) + len(PICTURE)
    lists, gets = found["s3"]["lines"]
    starts = 2 * 2
    assert (lists["units"], gets["units"]) == (1, videos["gets"] + 2 * starts)  # no image is read
    assert 6 <= videos["gets"] <= 12  # of six films: the empty one is not looked at
    speed = videos["speed"]
    assert (speed["jobs"], speed["at_once"]) == (4, 20)
    assert found["duration_s"] == speed["duration_s"]


def test_a_folder_has_the_same_price_and_says_that_staging_is_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, str(folder), "--api", "video-labels")
    assert (found["lines"][0]["units"], found["videos"]["left_out"]) == (1.033333333, LEFT_OUT)
    assert any("On this machine: 2 videos." in line for line in found["assumptions"])
    assert found["videos"]["gets"] == 0 and "s3" not in found


def test_image_apis_count_images_and_video_apis_films(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(folder), "--api", "labels,video-moderation", "--no-probe", "--video-average", "1.5") == 0
    said = capsys.readouterr().out
    assert "2 images, 6 videos, 9 minutes of video in us-east-1" in said
    found = document(capsys, str(folder), "--api", "labels,video-moderation")
    assert [(line["api"], line["units"]) for line in found["lines"]] == [
        ("labels", 2),
        ("video-moderation", 1.033333333),
    ]
    images = document(capsys, str(folder), "--api", "labels")
    assert (images["items"]["videos"], "videos" in images) == (6, False)  # nobody looked at them


def test_what_is_printed_names_what_is_left_out_and_what_is_assumed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "endless.mp4").write_bytes(ENDLESS)
    assert run(str(folder), "--api", "video-labels,video-text", "--explain") == 0
    said = capsys.readouterr().out
    assert "2 unsupported-codec: hevc (3 minutes)" in said
    assert "Nothing says the length of 1 video: priced at the 6 hours" in said
    assert "2 images, 3 videos, 361.033 minutes of video" in said
    assert "Between $72.21 and $72.60" in said
    assert "(6 video jobs, 20 at a time)" in said
    assert "AWS publishes no speed of video analysis." in said


def test_a_month_has_the_minutes_that_its_days_can_hold(capsys: pytest.CaptureFixture[str]) -> None:
    line = ("--video-minutes", "6000000", "--video-count", "60000", "--api", "video-labels", "--start", "2026-11-25")
    found = document(capsys, *line)
    assert [month["month"] for month in found["months"]][:2] == ["2026-11", "2026-12"]
    assert sum(month["lines"][0]["units"] for month in found["months"]) == 6_000_000
    first, second = (month["lines"][0]["units"] for month in found["months"][:2])
    assert abs(first / 6 - second / 31) < 1e-6


def test_films_without_a_source_are_of_a_stated_length(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--video-count", "100", "--api", "video-labels", "--video-average", "0.5")
    assert (found["items"]["videos"], found["lines"][0]["units"], found["bounds"]["high_usd"]) == (100, 50, "10")
    found = document(capsys, "--video-count", "100", "--api", "video-labels")
    assert found["lines"][0]["units"] == 500
    assert any("100 videos: priced at 5 minutes on the average" in line for line in found["assumptions"])
    found = document(capsys, "--video-minutes", "11.973533333", "--api", "video-labels")
    assert found["lines"][0]["units"] == 11.973533333


def test_nobody_looks_without_a_probe(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with s3_gateway(s3.url) as gateway:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", gateway.url)
        found = document(capsys, "s3://archive/films/", "--api", "video-labels", "--no-probe")
        assert [one for one in gateway.asked if "range" in one.headers] == []
    assert (found["videos"]["length_assumed"], found["lines"][0]["units"]) == (6, 30)
    assert found["items"]["skipped"] == {"empty": 1}


def test_films_that_nobody_may_read_are_not_in_the_price_and_that_is_said(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hides_one(asked: Any) -> Refusal | None:
        return Refusal(403, "AccessDenied") if "range" in asked.headers and "minute" in asked.path else None

    with s3_gateway(s3.url, hides_one) as gateway:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", gateway.url)
        found = document(capsys, "s3://archive/films/", "--api", "video-labels")
    assert (found["lines"][0]["units"], found["items"]["skipped"]["unreadable"]) == (0.016666667, 1)
    assert any("1 video could not be looked at, and so not in the price" in line for line in found["assumptions"])


def test_where_no_film_can_be_sent_that_is_said_with_the_reasons_and_has_no_price(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_lists(asked: Any) -> Refusal | None:
        return Refusal(403, "AccessDenied") if "range" in asked.headers else None

    (tmp_path / "hevc.mp4").write_bytes(HEVC)
    (tmp_path / "cut.mp4").write_bytes(SECOND[:-1])
    with pytest.raises(
        RekscanError, match=r"can be sent: 1 truncated, 1 unsupported-codec: hevc \(1.5 minutes\)"
    ) as no:
        run(str(tmp_path), "--api", "video-labels")
    assert no.value.code == 1 and "docs/video.md" in no.value.do
    with pytest.raises(RekscanError) as scanned:
        plan_order([str(tmp_path)], ["video-labels"], Order(), resolve(), local=True)
    assert (scanned.value.what, scanned.value.do) == (no.value.what, no.value.do)
    assert not list((tmp_path / "home").glob("2*"))
    (tmp_path / "list.txt").write_text("https://example.com/film.mp4\n")
    for more in ((), ("--no-probe",)):
        with pytest.raises(RekscanError, match=r"list.txt can be sent: 1 not-in-s3"):
            run(str(tmp_path / "list.txt"), "--api", "video-labels", *more)
    with s3_gateway(s3.url, only_lists) as gateway:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", gateway.url)
        with pytest.raises(RekscanError, match=r"paid for: 1 image, 1 empty, 6 unreadable") as denied:
            run("s3://archive/films/", "--api", "video-labels")
    assert "6 videos could not be looked at, and so not in the price; the first: " in denied.value.do
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "line, message",
    [
        ("/nowhere --api video-persons", "People Pathing on 2025-10-31"),
        ("/nowhere --api video-labels --video-average 3", "each video is looked at"),
        ("/nowhere --api video-labels --sample 3", "--sample sends images"),
        ("/nowhere --api video-labels --video-count 3", "a source and amounts"),
        ("/nowhere", "no API asked for"),
        ("--video-count -3 --api video-labels", "under 0"),
        ("--video-count 3 --video-average -1 --api video-labels", "under 0"),
        ("--images 3 --api labels --tps video-dreams=3", "no API 'video-dreams'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_listed(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(*line.split())


def test_a_scan_refuses_films_of_this_machine_before_anything_is_listed(tmp_path: Path) -> None:
    settings = resolve(None, home=str(tmp_path / "home"), region="us-east-1")
    with pytest.raises(UsageError, match="/nowhere: Rekognition reads films from S3 only"):
        plan_order(["/nowhere"], ["labels,video-labels"], Order(), settings)
    assert not (tmp_path / "home").exists()
