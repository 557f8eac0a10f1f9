"""Where the socket of a scan's Redis lies, on machines that are not as they should be."""

import os
import tempfile
from pathlib import Path

import pytest

from rekscan.cli import run
from tests.support.scans import make_photos
from workers import supervisor
from workers.supervisor import Supervisor, local_redis_url, runtime_dir


def _as_told(monkeypatch: pytest.MonkeyPatch, **env: Path) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)  # it is remembered
    for name, value in env.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.parametrize("odd", ["x" * 100, "a b", "100%41", "a#b", "é"])
@pytest.mark.parametrize("name", ["TMPDIR", "XDG_RUNTIME_DIR"])
def test_a_server_starts_and_is_found_whatever_the_place_is_called(
    odd: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / odd
    place.mkdir()
    _as_told(monkeypatch, **{name: place})
    home = str(tmp_path / "home")
    with Supervisor(home, logs=tmp_path / "logs") as running:
        assert running.redis() == local_redis_url(home)
        assert list(place.iterdir()) == []
    assert local_redis_url(home) is None
    assert not runtime_dir(Path(home)).exists()


@pytest.mark.parametrize("gone", ["nosuch", "a-file", "/proc/self/nosuch"])
def test_a_place_that_is_not_there_or_no_folder_is_passed_by(
    gone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").touch()
    _as_told(monkeypatch, XDG_RUNTIME_DIR=tmp_path / gone, TMPDIR=tmp_path)
    found = runtime_dir(tmp_path / "home")
    assert found.parent in (Path(tmp_path), Path("/tmp"), Path(f"/run/user/{os.getuid()}"))
    with Supervisor(str(tmp_path / "home"), logs=tmp_path / "logs") as running:
        assert running.redis() == f"unix://{found}/redis.sock"


def test_a_place_that_will_do_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as own:
        _as_told(monkeypatch, XDG_RUNTIME_DIR=Path(own))
        assert runtime_dir(tmp_path).parent == Path(own)


def test_without_any_place_a_scan_is_refused_and_leaves_no_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "_places", lambda: iter((tmp_path / "nosuch",)))
    photos, home = make_photos(tmp_path / "photos", 1), tmp_path / "home"
    assert run(["scan", str(photos), "--api", "labels", "--local", "--home", str(home)]) == 1
    assert "no place for the socket of a Redis" in capsys.readouterr().err
    assert list(home.iterdir()) == []
    assert run(["status", "--home", str(home)]) == 1  # no job, and no other trouble
    assert "there is no job" in capsys.readouterr().err
