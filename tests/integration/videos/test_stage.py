"""Films of this machine, staged: uploaded for Rekognition, and deleted once nothing more is asked about them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from redis import Redis

from jobs.stage.bucket import StageBucket
from jobs.stage.names import Stage
from rekscan import cli
from tests.support import ffmpeg
from tests.support.film_scans import ENV, again, calls, film_rows, scan_of, starts
from tests.support.films import film
from tests.support.redis import RedisServer
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, emulator, look, tables, workers
from tests.support.waiting import until

ONE = film(rate=25, frames=25)
STAGE = Stage.parse("s3://stage/to")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("stage", {"to/holiday.mp4": b"somebody's own"})
        yield server


@pytest.fixture(scope="module")
def with_models(tmp_path_factory: pytest.TempPathFactory, s3: S3Server) -> Iterator[Emulator]:
    """It fetches each film from S3 and looks at it."""
    where = tmp_path_factory.mktemp("emulator")
    with emulator(where, "--engine", "models", "--s3-endpoint-url", s3.url) as running:
        yield running


@pytest.fixture
def looks(with_models: Emulator) -> Emulator:
    with_models.reset()
    with_models.set_faults()
    return with_models


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Emulator]:
    """It takes some time for each film, and looks at none."""
    with emulator(tmp_path, "--video-latency", "3s") as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "Films of 2024"
    (folder / "summer").mkdir(parents=True)
    for number in range(4):
        (folder / "summer" / f"film {number}.mp4").write_bytes(ONE + bytes(number))
    return folder


@pytest.fixture
def run(tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scan]:
    for name, value in {**ENV, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    stage = ("--stage", STAGE.uri)
    return lambda source, apis, of, *more: scan_of(tmp_path / "home", str(source), apis, s3, of, *stage, *more)


def staged(s3: S3Server) -> tuple[int, int]:
    """Films, and notes that they are needed; what somebody else put there is there."""
    found = StageBucket(STAGE, s3.client())
    found.client.head_object(Bucket=STAGE.bucket, Key="to/holiday.mp4")
    left = found.left()
    return len(left.films), len(left.notes)


def test_films_of_this_machine_are_uploaded_answered_and_deleted(
    here: Path, s3: S3Server, looks: Emulator, run: Callable[..., Scan], tmp_path: Path
) -> None:
    (here / "a copy.mp4").write_bytes(ONE)
    (here / "cut.mp4").write_bytes(ONE[:-1])
    failing = sha256(ONE + bytes(3)).hexdigest()
    looks.set_faults(f"StartFaceDetection:fail=Odd.:@{failing}")
    status = run(here, "video-segments,video-faces", looks).status()
    assert (status["state"], calls(status)) == (
        "finished", {"video-segments": (5, 5, 0, 0), "video-faces": (5, 4, 0, 1)},
    )  # fmt: skip
    rows = film_rows(tables(tmp_path / "home"))
    assert {(row["ms"], row["probed_ms"]) for row in rows} == {(1000, 1000)}
    assert len(starts(looks)) == 4 + 3 and set(starts(looks).values()) == {1}  # equal films are one question
    assert {row["uri"] for row in tables(tmp_path / "home").rows("videos")} == {
        str(path) for path in here.rglob("*.mp4")
    }
    assert staged(s3) == (0, 0)
    stage = look("costs", "last", home=tmp_path / "home")["stage"]
    assert (stage["films"], stage["bytes"], stage["left"]) == (5, 5 * len(ONE) + 6, [])
    assert stage["lines"][0]["units"] == 5 * 4
    looks.set_faults()
    mended = again(tmp_path / "home", "retry").status()
    assert calls(mended)["video-faces"] == (5, 5, 0, 0)
    assert staged(s3) == (0, 0)


def test_killed_at_any_time_a_resume_finishes_and_deletes_what_doctor_and_costs_list(
    here: Path, s3: S3Server, recorded: Emulator, run: Callable[..., Scan], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    scan = run(here, "video-labels,video-faces", recorded, "--video-jobs", "3")
    until(lambda: len(recorded.counts().get("StartLabelDetection", {})), "one is started")
    scan.kill_worker()
    until(lambda: sum(map(len, recorded.counts().values())) > 6, "another worker goes on")
    scan.kill_everything()
    films, notes = staged(s3)
    assert 0 < films == notes
    left = look("costs", "last", home=home)["stage"]["left"]
    assert (
        sorted(row["bytes"] for row in left) == sorted(path.stat().st_size for path in here.rglob("*.mp4"))[-films:]
        or left
    )
    assert f"{films} films" in look("doctor", home=home)["checks"]["stage"]["says"]
    status = again(home, "resume").status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["maybe_billed"]) == ("finished", 8, 0)
    assert list(starts(recorded).values()) == [1] * 8
    assert staged(s3) == (0, 0)


def test_a_cancel_deletes_what_is_not_started_and_leaves_what_aws_reads_to_a_resume(
    here: Path,
    s3: S3Server,
    recorded: Emulator,
    run: Callable[..., Scan],
    tmp_path: Path,
    redis_server: RedisServer,
    redis: "Redis[bytes]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    (here / "summer" / "film 3.mp4").unlink()
    monkeypatch.setenv("REKSCAN_REDIS_URL", redis_server.url)
    with workers(1, tmp_path, {"REKSCAN_HOME": str(home)}):
        scan = run(here, "video-labels", recorded, "--video-jobs", "1")
        until(lambda: staged(s3)[0] > 1 and starts_of(recorded) == 1, "one is started, another waits for it")
        look("cancel", "last", home=home)
        assert scan.wait()[0] == 4
        until(lambda: staged(s3) == (1, 1), "only what AWS works on is there")
        assert look("status", "last", home=home)["video_jobs"]["open"] == 1
        status = again(home, "resume").status()
    assert (status["state"], calls(status)) == ("finished", {"video-labels": (3, 3, 0, 0)})
    assert list(starts(recorded).values()) == [1] * 3
    assert staged(s3) == (0, 0)


def starts_of(rekognition: Emulator) -> int:
    return sum(rekognition.counts().get("StartLabelDetection", {}).values())


def test_a_film_of_another_codec_is_made_into_h264_and_says_so(
    here: Path, s3: S3Server, looks: Emulator, run: Callable[..., Scan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (here / "summer").iterdir():
        path.unlink()
    ffmpeg.on_path(monkeypatch, tmp_path)
    whole = film("matroska", "libx264", frames=50)
    (here / "a.mp4").write_bytes(film(codec="libx265", frames=25, **{"x265-params": "log-level=none"}))
    (here / "b.mkv").write_bytes(whole)
    (here / "c.mkv").write_bytes(whole[:600])  # its header says nothing of what is missing
    (here / "d.mp4").write_bytes(ONE)
    status = run(here, "video-segments", looks, "--transcode").status()
    assert (status["state"], calls(status)) == ("finished", {"video-segments": (4, 3, 1, 0)}), status
    found = {Path(row["uri"]).name: row for row in tables(tmp_path / "home").rows("videos")}
    assert {name: (row["status"], row["transcoded"], row["length_ms"]) for name, row in found.items()} == {
        "a.mp4": ("ok", "hevc->h264", 1000), "b.mkv": ("ok", "mkv->mp4", 2000),
        "c.mkv": ("skipped", "mkv->mp4", 2000), "d.mp4": ("ok", None, 1000),
    }  # fmt: skip
    assert found["c.mkv"]["reason"] == "not-transcoded"
    made = {row["item_id"]: row["fit"] for row in film_rows(tables(tmp_path / "home"))}
    assert sorted(map(str, made.values())) == ["None", "None", "hevc->h264", "mkv->mp4"]
    assert sum(name.endswith(".h264.mp4") for name in starts(looks)) == 2
    assert staged(s3) == (0, 0)


def test_without_a_stage_both_ways_are_said_before_anything_is_listed(
    here: Path, s3: S3Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    asked = ("scan", str(here), "--api", "video-labels", "--dry-run")
    assert cli.run(list(asked)) == 2
    said = " ".join(capfd.readouterr().err.split())
    assert "--stage s3://bucket/prefix" in said and "--local" in said
    s3.bucket("elsewhere", {}, region="eu-west-1")
    assert cli.run([*asked, "--stage", "s3://elsewhere/", "--s3-endpoint-url", s3.url]) == 2
    assert "is in eu-west-1" in capfd.readouterr().err
    assert cli.run([*asked, "--stage", "elsewhere"]) == 2
    assert "REKSCAN_STAGE" in capfd.readouterr().err
    (here / "summer" / "list.txt").write_text(str(here / "summer" / "film 0.mp4"))
    assert cli.run(["scan", str(here / "summer" / "list.txt"), *asked[2:], "--transcode"]) == 2
    assert "Add --stage" in capfd.readouterr().err
    monkeypatch.setenv("PATH", "/nowhere")
    assert cli.run([*asked, "--stage", STAGE.uri, "--transcode"]) == 1
    assert "none on PATH" in capfd.readouterr().err


def test_an_estimate_and_a_dry_run_price_what_s3_takes(
    here: Path, s3: S3Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    stage = ("--stage", STAGE.uri, "--s3-endpoint-url", s3.url)
    source = (str(here), "--api", "video-labels,video-faces")
    days = Decimal(sum(path.stat().st_size for path in here.rglob("*.mp4"))) / 2**30 / 30
    found = []
    for command in (("estimate", *source, *stage, "--json"), ("scan", *source, *stage, "--dry-run", "--json")):
        assert cli.run(list(command)) == 0
        found.append(orjson.loads(capfd.readouterr().out)["s3"])
    assert found[0] == found[1]
    units = {line["meter"]: line["units"] for line in found[0]["lines"]}
    assert units == {"s3-get": 4 * (2 + 2 * 2), "s3-put": 4 * 4, "s3-storage": round(float(days), 9)}
    assert cli.run(["estimate", *source, *stage, "--explain"]) == 0
    said = capfd.readouterr().out
    assert "On this machine: 4 videos, uploaded into S3" in said and "16 s3-put $0.0001" in said
    assert cli.run(["estimate", *source, "--explain"]) == 0
    assert "left out (--stage prices it)" in capfd.readouterr().out
    ffmpeg.on_path(monkeypatch, tmp_path)
    (here / "hour.mkv").write_bytes(film("matroska", "mpeg4", frames=60, rate=Fraction(1, 60)))
    assert cli.run(["estimate", *source, *stage, "--transcode", "--json"]) == 0
    videos = orjson.loads(capfd.readouterr().out)["videos"]
    assert (videos["staged"]["videos"], videos["transcoded"]) == (5, {"videos": 1, "minutes": 60, "cpu_s": 60 * 34})
    assert cli.run(["estimate", *source, *stage, "--transcode", "--explain"]) == 0
    assert "Made into H.264 by ffmpeg on the workers: 1 video, 60 minutes" in capfd.readouterr().out
