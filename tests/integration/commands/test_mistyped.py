"""What cannot be meant, and what goes wrong, is one line with what to do; no job is left, and no traceback is shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from benchmarks.synthetic_job import make_job
from rekscan.cli import run
from tests.support.redis import RedisServer
from tests.support.scans import make_photos

SCAN = "scan photos --yes --api labels"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, in a folder with a picture, a broken AWS configuration and files that are not what they seem."""
    monkeypatch.chdir(tmp_path)
    make_photos(tmp_path / "photos", 1)
    (tmp_path / "broken.ini").write_text("[[[\nx")
    (tmp_path / "long.csv").write_text('api,name,confidence,verdict,note\nlabels,Dog,90,yes,"' + "x" * 140_000)
    (tmp_path / "strange.csv").write_text("api,name,confidence,verdict\nlabels,Dog,nan,yes\n")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "REKSCAN_REDIS_URL"):
        monkeypatch.setenv(name, "")  # so that it is unset again after the test, whoever sets it meanwhile
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "REKSCAN_HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "home"


def complaint(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code, and what is said from the error on."""
    code = run(words)
    said = capsys.readouterr().err
    lines = said.splitlines()
    found = lines[[line.startswith("Error: ") for line in lines].index(True) :]
    assert len(found) <= 2
    return code, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "env", "code", "says"),
    [
        (SCAN, {"AWS_CONFIG_FILE": "broken.ini"}, 2, "Unable to parse config file: broken.ini"),
        (f"{SCAN} --profile nosuch", {}, 2, "(nosuch) could not be found"),
        ("collections list --profile nosuch", {}, 2, "(nosuch) could not be found"),
        ("prices --refresh", {"AWS_CONFIG_FILE": "broken.ini"}, 2, "Unable to parse config file: broken.ini"),
        ("scan photos --yes --api compare-faces:source=", {}, 2, "compare-faces needs source=..."),
        (f"{SCAN} --tps labels=1e400", {}, 2, "beyond any account"),
        ("estimate photos --api video-labels --near 4", {}, 2, "--near compares pictures, and no API for pictures"),
        (f"{SCAN} --when FACES:labels.label_count>1", {}, 2, "--when FACES: there is no such API"),
        (f"{SCAN} --max-cost 1e999999", {}, 2, "a cap is 0 dollars or more"),
        ("estimate --images 1 --api labels --month-to-date image-group-2=1e999999", {}, 2, "beyond any account"),
        (f"{SCAN} --redis-url redis://h/0?nosuch=1", {}, 2, "takes no 'nosuch'"),
        ("scan ~nosuch/photos --yes --api labels", {}, 1, "~nosuch/photos"),
        ("status --home " + 300 * "h", {}, 1, "File name too long"),
        (f"{SCAN} --region eu_west", {}, 2, "not the name of a Region"),
        (f"{SCAN} --endpoint-url notaurl", {}, 2, "not the URL of a service"),
        (f"{SCAN} --endpoint-url http://h:99999", {}, 2, "not the URL of a service"),
        (f"{SCAN} --endpoint-url http://h/?token=x", {}, 2, "not the URL of a service"),
        (SCAN, {"AWS_ENDPOINT_URL": "ftp://h"}, 2, "own: not the URL of a service"),
        (f"{SCAN} --redis-url notaurl", {}, 2, "not the URL of a Redis"),
        ("status --redis-url redis://h:abc/0", {}, 2, "not the URL of a Redis"),
        ("jobs --redis-url redis://[::1/0", {}, 2, "not the URL of a Redis"),
        ("worker --redis-url http://h", {}, 2, "not the URL of a Redis"),
        (f"{SCAN} --max-cost nan", {}, 2, "should be a finite number"),
        (f"{SCAN} --max-cost -5", {}, 2, "a cap is 0 dollars or more"),
        ("resume --max-cost -5", {}, 2, "a cap is 0 dollars or more"),
        (f"{SCAN} --tps labels=inf", {}, 2, "--tps labels=inf"),
        (f"{SCAN} --home gs://x", {}, 2, "not a directory or s3://bucket/prefix"),
        (f"{SCAN} --home s3://", {}, 2, "not a directory or s3://bucket/prefix"),
        (f"{SCAN} --home long.csv", {}, 1, "Not a directory"),
        ("jobs --home long.csv", {}, 1, "Not a directory"),
        ("scan  --yes --api labels", {}, 2, "a source without a name"),
        (f"{SCAN} --workers abc", {}, 2, 'unable to convert "abc"'),
        (SCAN, {"REKSCAN_WORKERS": "abc"}, 2, "REKSCAN_WORKERS"),
        ("jobs", {"REKSCAN_LOG": "LOUD"}, 2, "there is no such level"),
        ("estimate --images 1 --api labels --days nan", {}, 2, "should be a finite number"),
        (f"estimate --images {10**17} --api labels --start 2026-11-01", {}, 2, "beyond the year 9999"),
        ("review last long.csv", {}, 2, "field larger than field limit"),
        ("review last strange.csv", {}, 2, "'nan' is no confidence"),
        ("prices --from long.csv", {}, 1, "not an AWS offer file"),
        ("sql last x --limit -1", {}, 2, "--limit -1"),
        (f"{SCAN} --sample 9 --seed -1", {}, 2, "a seed is 0 or more"),
        ("estimate --images 1 --compare labels --api faces", {}, 2, "--compare names the APIs of each set"),
        ("estimate --images 1 --compare labels,faces faces,labels", {}, 2, "--compare labels,faces: it is there twice"),
        ("cap --month 1 --home photos/x/y", {}, 2, "there is no folder"),
        ("quotas --within 5", {}, 2, "--within and --regions are of --request"),
        ("quotas --request --images 9 --api labels --within 0.00001", {}, 2, "hours are 0.01 or more"),
        ("quotas --request --images 9 --api labels --region eu-north-1", {}, 2, "so there is no quota to raise"),
        ("estimate --images 1 --api labels --regions us-east-1;us-west-2", {}, 2, "is not the name of a Region"),
        (
            "estimate --images 1 --api labels --regions us-east-1,us-wset-2",
            {"AWS_ENDPOINT_URL": "http://h"},
            2,
            "AWS has no Region 'us-wset-2'",
        ),
    ],
)
def test_it_is_one_line_and_leaves_no_job(
    line: str,
    env: dict[str, str],
    code: int,
    says: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "last" in line:
        make_job(home, 1)
    before = sorted(home.glob("*/job.json"))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    found, said = complaint(line.split(" "), capsys)
    assert says in said
    assert found == code
    assert sorted(home.glob("*/job.json")) == before


def test_doctor_goes_on_where_aws_is_not_set_up(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["doctor", "--profile", "nosuch"]) == 1
    shown = capsys.readouterr().out
    assert "FAIL aws          The config profile (nosuch) could not be found" in shown
    assert "ok   python" in shown


def test_a_redis_without_room_leaves_no_job(
    home: Path,
    redis_server: RedisServer,
    redis: Redis,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", "http://127.0.0.1:9")  # nothing is asked of it
    redis.config_set("maxmemory", 1)
    try:
        for words in (["submit", "photos", "--api", "labels", "--yes"], SCAN.split()):
            code, said = complaint([*words, "--redis-url", redis_server.url], capsys)
            assert (code, "Redis is full" in said) == (1, True), said
            assert not home.exists()
    finally:
        redis.config_set("maxmemory", 0)


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """In `rekscan jobs`."""

    def list_jobs(*_: object, **__: object) -> None:
        raise KeyError("nobody\nforesaw this")

    monkeypatch.setattr("rekscan.commands.job.list_jobs", list_jobs)


@pytest.mark.usefixtures("bug")
def test_a_bug_is_one_line_that_names_the_file_of_its_traceback(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = complaint(["jobs"], capsys)
    kept = Path(said.split()[-1])
    assert code == 1
    assert "KeyError: 'nobody\\nforesaw this'" in said
    assert kept.parent != home / ".rekscan" / "logs"  # there is no home yet, and this makes none
    assert not home.exists()
    assert "in list_jobs" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()
    other = tmp_path / "other"
    other.mkdir()
    for words in (["jobs", "--home", str(other)], ["jobs", f"--home={other}"]):
        assert Path(complaint(words, capsys)[1].split()[-1]).parent == other / ".rekscan" / "logs"


@pytest.mark.usefixtures("bug")
def test_a_bug_is_told_where_nothing_can_be_written(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    assert complaint(["jobs"], capsys)[1].endswith("REKSCAN_LOG=DEBUG shows it")


def test_with_rekscan_log_debug_the_traceback_is_shown(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rekscan", "jobs", "--home", "long.csv"],
        env={**os.environ, "REKSCAN_LOG": "DEBUG"},
        capture_output=True,
        text=True,
    )
    assert "Traceback (most recent call last)" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("env", [{"REKSCAN_WORKER_CALLS": "abc"}, {"REKSCAN_WORKER_REDIS_URL": "notaurl"}])
def test_a_worker_that_cannot_start_says_why_in_one_line(env: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workers"],
        env={**os.environ, "TMPDIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "this worker ends: " in done.stderr
    [kept] = tmp_path.glob("*.log")
    assert str(kept) in done.stderr
    assert "Traceback" in kept.read_text()
