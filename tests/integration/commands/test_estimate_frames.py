"""The price of frames of films, beside that of the films as a whole."""

import json
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cyclopts import App

from jobs.errors import UsageError
from rekscan.commands.estimate import estimate
from rekscan.scans.order import Order, plan_order
from rekscan.settings import resolve
from tests.support.films import film
from tests.support.s3_server import S3Server, s3_server

SIDE = (96, 80)
SECONDS = film(rate=25, frames=80, g="25", sc_threshold="0", side=SIDE)  # 3.2 s, a key frame each second
HEVC = film(codec="libx265", rate=1, frames=90, side=SIDE, **{"x265-params": "log-level=none"})
SMALL = film(rate=25, frames=75, side=(96, 78))
FILMS = {
    "a.mp4": SECONDS, "b.mov": SECONDS, "hevc.mp4": HEVC, "cut.mp4": SECONDS[:-1], "x.mkv": film("matroska"),
    "small.mp4": SMALL,
}  # fmt: skip
PICTURE = b"\xff\xd8\xff\xe0"


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
        server.bucket("archive", {f"films/{name}": data for name, data in (FILMS | {"a.jpg": PICTURE}).items()})
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    for name, data in (FILMS | {"a.jpg": PICTURE, "b.jpg": PICTURE}).items():
        (tmp_path / "films" / name).write_bytes(data)
    return tmp_path / "films"


def run(*line: str) -> int:
    app = App(result_action="return_value")
    app.default(estimate)
    return int(app(line, exit_on_error=False))


def document(capsys: pytest.CaptureFixture[str], *line: str) -> Any:
    assert run(*line, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_both_ways_stand_side_by_side_with_the_rate_at_which_they_cost_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, str(folder), "--api", "moderation,properties", "--frames", "1/s")
    assert found["items"]["images"] == 2 + 4 + 4 + 90
    assert found["items"]["frames"] == found["frames"]["frames"] == 98
    assert found["items"]["skipped"] == {"as-frames": 3, "too-small": 1, "truncated": 1, "unsupported-container": 1}
    assert (found["frames"]["videos"], found["frames"]["gets"]) == (3, 0)
    [both] = found["frames"]["or_video"]  # nothing in a film finds properties
    assert both["frames"] == {"api": "moderation", "frames": 8, "usd": "0.008", "duration_s": 0.16}
    assert (both["video"]["api"], both["video"]["minutes"]) == ("video-moderation", 0.106666667)
    assert both["video"]["duration_s"] > 30
    assert both["break_even_fps"] == 1.67
    assert run(str(folder), "--api", "moderation", "--frames", "1/s") == 0
    said = capsys.readouterr().out
    assert "2 images, 98 frames of 3 videos in us-east-1" in said
    assert "Frames, or the whole film, of 2 videos that both ways take:" in said
    assert "1.67 a second" in said
    assert "as-frames" not in said


def test_an_estimate_and_a_scan_price_the_same_frames(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", "http://127.0.0.1:9")
    for frames in ("2/s", "keyframes"):
        for api in ("labels,moderation", "labels,video-labels"):
            found = document(capsys, "s3://archive/films/", "--api", api, "--frames", frames)
            planned = plan_order(["s3://archive/films/"], [api], Order(frames=frames), resolve(None))
            planned.discard()
            scan = planned.plan.to_json()
            assert (scan["lines"], scan["total_usd"]) == (found["lines"], found["total_usd"])
            assert (scan["items"]["images"], scan["items"]["frames"]) == (
                found["items"]["images"],
                found["items"]["frames"],
            )
            counts = planned.plan.counts
            assert (counts.frame_gets, counts.frame_bytes) == (found["frames"]["gets"], found["frames"]["bytes"])
            if "video" not in api:
                assert scan["items"]["skipped"] == found["items"]["skipped"]
    assert (found["items"]["frames"], found["videos"]["videos"]) == (4 + 4 + 2, 3)
    size = 2 * len(SECONDS) + len(HEVC)
    assert (found["frames"]["gets"], found["frames"]["bytes"]) == (3 * 2, size)


def test_a_film_is_left_out_whose_frames_no_api_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = str(folder / "small.mp4")
    taken = document(capsys, small, "--api", "labels,protective-equipment", "--frames", "1/s")
    assert (taken["items"]["frames"], taken["items"]["skipped"]) == (3, {"as-frames": 1})  # 64 pixels do
    planned = plan_order([str(folder)], ["labels"], Order(frames="1/s"), resolve(None), local=True)
    planned.discard()
    assert planned.plan.to_json()["items"]["skipped"]["too-small"] == 1


def test_what_only_decoding_tells_is_said_to_be_taken_for_granted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, str(folder), "--api", "labels", "--frames", "shots,dynamic")
    assert found["items"]["frames"] == 1 + 1 + 18
    said = " ".join(found["assumptions"])
    assert "a shot is taken to last 5 s, which is a guess" in said
    assert "Frames that look like the one before are in this price" in said


def test_a_scan_decodes_for_shots_and_near_identical_frames_before_its_price(tmp_path: Path) -> None:
    colors = ((250, 0, 0), (0, 250, 0), (0, 0, 250))
    pictures = list(chain.from_iterable(repeat(np.full((96, 128, 3), color, np.uint8), 50) for color in colors))
    (tmp_path / "shots.mp4").write_bytes(film(rate=25, frames=150, side=(128, 96), pictures=pictures))
    for frames, count in {"shots": 3, "2/s,dynamic": 3, "2/s": 12}.items():
        order = Order(frames=frames)
        planned = plan_order([str(tmp_path / "shots.mp4")], ["labels"], order, resolve(None), local=True)
        planned.discard()
        assert planned.plan.counts.images == count, frames


def test_amounts_have_frames_too(capsys: pytest.CaptureFixture[str]) -> None:
    amounts = ("--video-minutes", "100", "--video-count", "40", "--frames", "1/s")
    found = document(capsys, *amounts, "--api", "labels")
    assert (found["items"]["images"], found["items"]["videos"], found["total_usd"]) == (6000, 0, "6")
    both = document(capsys, *amounts, "--api", "labels,video-labels")
    assert (both["items"]["images"], both["items"]["videos"], both["total_usd"]) == (6000, 40, "16")
    average = document(capsys, "--video-count", "2", "--api", "faces", "--frames", "every=1m")
    assert average["items"]["frames"] == 2 * 5


def test_beyond_the_first_tier_frames_pay_at_a_higher_rate(capsys: pytest.CaptureFixture[str]) -> None:
    billed = ("--month-to-date", "image-group-2=40000000")
    found = document(capsys, "--video-minutes", "100", "--api", "labels", "--frames", "1/s", *billed)
    assert found["frames"]["or_video"][0]["break_even_fps"] == 6.67


def test_an_unlooked_at_film_has_the_frames_of_an_average_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, str(folder), "--api", "labels", "--frames", "1/s", "--no-probe", "--video-average", "0.5")
    assert found["items"]["frames"] == 6 * 30


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (("--api", "video-labels", "--frames", "1/s"), "no API for pictures"),
        (("--api", "labels", "--frames", "sometimes"), "not a choice of frames"),
        (("--api", "labels", "--frames", "keyframes"), "are counted in each film"),
    ],
)
def test_what_cannot_be_is_refused(line: tuple[str, ...], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        run("--video-minutes", "5", *line)
