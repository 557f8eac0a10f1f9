"""A command starts fast because it imports what it needs: what is slow to import is not there when it has ended."""

import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import atexit, sys
slow = {"pandas", "boto3", "celery", "duckdb", "PIL", "jinja2"}
atexit.register(lambda: print("loaded:", *sorted(slow & sys.modules.keys())))
from rekscan.cli import main
main()
"""


@pytest.mark.parametrize(
    "command",
    [
        "estimate --images 1000 --video-count 10 --api labels,video-labels",
        "status",
        "jobs",
        "prices",
        "quotas",
        "apis",
    ],
)
def test_a_command_that_only_looks_imports_nothing_slow(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "loaded:", done.stderr
