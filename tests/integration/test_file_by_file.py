"""How `make test` hands out its files: tests/support/file_by_file.py with a real pytest-xdist."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_CONFTEST = """
import os, pytest

@pytest.fixture(scope="session")
def server():
    yield os.getpid()
    print("ended", file=open("ended", "a"))
"""
_ONE = """
def test_server(server):
    print("begun by", server, file=open("begun", "a"))

def test_fails():
    assert {what}
"""
_DIES = """
import os

def test_dies():
    os._exit(3)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Six files in two processes, of which one dies at the last."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "conftest.py").write_text(_CONFTEST)
    for number in range(4):
        (folder / f"test_0{number}.py").write_text(_ONE.format(what=number != 2))
    (folder / "test_broken.py").write_text("import nothing_of_that_name\n")
    (folder / "test_dies.py").write_text(_DIES)
    words = ("-n", "2", "-p", "tests.support.file_by_file", "--rootdir", str(folder), "-rfE", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return folder, done.stdout


def test_each_test_runs_once_and_what_fails_or_breaks_is_said(run: tuple[Path, str]) -> None:
    _, said = run
    assert "FAILED test_02.py::test_fails" in said
    assert "ERROR test_broken.py" in said
    assert "crashed while running 'test_dies.py'" in said
    assert "2 failed, 7 passed, 1 error" in said


def test_what_is_for_a_session_is_made_once_in_a_process_and_ends_with_it(run: tuple[Path, str]) -> None:
    folder, _ = run
    begun = (folder / "begun").read_text().split("\n")[:-1]
    assert len(begun) == 4
    assert len(set(begun)) <= 2
    assert 1 <= len((folder / "ended").read_text().split()) <= len(set(begun))
