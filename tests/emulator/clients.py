"""Clients nobody here wrote, installed once under build/emulator-clients, apart from this environment."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

_CLIENTS = Path(__file__).parents[2] / "build" / "emulator-clients"
_AWSCLI = "awscli==1.46.3"
_JAVASCRIPT = "@aws-sdk/client-rekognition@3.1142.0"


def aws_cli() -> Path:
    """The program `aws`, in a virtual environment of its own."""
    pip = [".venv/bin/python", "-m", "pip", "install", "-q", _AWSCLI]
    return _install("cli", Path(".venv/bin/aws"), [[sys.executable, "-m", "venv", ".venv"], pip])


def javascript_sdk() -> tuple[str, Path]:
    """Node, and the folder that programs must lie in to import the SDK."""
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node and npm
    quiet = ("--silent", "--no-audit", "--no-fund", "--prefix", ".")
    done = Path("node_modules/@aws-sdk/client-rekognition")
    return node, _install("javascript", done, [[npm, "install", *quiet, _JAVASCRIPT]]).parents[2]


def _install(name: str, done: Path, commands: list[list[str]]) -> Path:
    """Run the commands unless their result is there; two test processes may come here at once."""
    folder = _CLIENTS / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / done).exists():
            for command in commands:
                subprocess.run(command, cwd=folder, check=True, timeout=170)
    return folder / done
