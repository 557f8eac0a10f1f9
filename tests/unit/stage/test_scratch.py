"""What a killed process left is cleared; what a living one uses is not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.stage.scratch import scratch

HOLD = "from jobs.stage.scratch import scratch\nwith scratch() as folder: print(folder, flush=True); input()"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def old(folder: Path) -> None:
    (folder / "film.mp4").write_bytes(b"half a film")
    before = time.time() - 3600
    os.utime(folder, (before, before))


def test_a_folder_is_gone_at_the_end() -> None:
    with scratch() as folder:
        (folder / "film.mp4").write_bytes(b"a film")
    assert not folder.exists()


def test_what_a_killed_process_left_is_cleared_by_the_next_and_what_is_held_is_kept() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout
        left = Path(held.stdout.readline().strip())
        old(left)
        with scratch():
            assert left.exists()
        held.kill()
    assert left.exists()
    with scratch() as own:
        old(own)
        with scratch():
            assert own.exists()
    assert not left.exists()


def test_a_new_folder_is_left_to_whoever_is_about_to_lock_it(tmp_path: Path) -> None:
    (tmp_path / "rekscan-film-new").mkdir()
    with scratch():
        pass
    assert (tmp_path / "rekscan-film-new").exists()
