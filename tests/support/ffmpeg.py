"""An `ffmpeg` on PATH for tests: the one that a package brings along."""

import os
from pathlib import Path

import imageio_ffmpeg
import pytest


def on_path(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """For this process and those it starts."""
    tools = directory / "tools"
    tools.mkdir()
    (tools / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
