"""A command starts fast because it imports what it needs: what is slow to import is not there when it has ended."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.old_jobs import FIXTURES

_RUN = """
import atexit, sys
slow = {"boto3", "celery", "duckdb", "jinja2", "numpy", "pandas", "PIL", "pyarrow", "redis"}
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
        "jobs --home finished",
        "status --home finished",
    ],
)
def test_a_command_that_only_looks_imports_nothing_slow(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    shutil.copytree(FIXTURES / "finished" / "home", tmp_path / "finished")
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "loaded:", done.stderr


def test_a_worker_imports_tables_and_reports_for_the_end_of_a_job_only() -> None:
    code = "import sys, workers.serve; print(*sorted(m for m in sys.modules if m in ('reports', 'duckdb', 'jinja2')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
