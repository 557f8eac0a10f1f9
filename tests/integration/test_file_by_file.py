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


def in_processes(folder: Path, *words: str) -> str:
    """What a run that fails says."""
    by_file = ("-p", "tests.support.file_by_file", "--rootdir", str(folder), "-rfE", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *by_file, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Six files of a folder that was named, in two processes, of which one dies at the last."""
    folder = tmp_path_factory.mktemp("files")
    cases = folder / "cases"
    cases.mkdir()
    (cases / "conftest.py").write_text(_CONFTEST)
    for number in range(4):
        (cases / f"test_0{number}.py").write_text(_ONE.format(what=number != 2))
    (cases / "test_broken.py").write_text("import nothing_of_that_name\n")
    (cases / "test_dies.py").write_text(_DIES)
    return folder, in_processes(folder, "-n", "2", "cases")


def test_each_test_runs_once_and_what_fails_or_breaks_is_said(run: tuple[Path, str]) -> None:
    _, said = run
    assert "FAILED cases/test_02.py::test_fails" in said
    assert "ERROR cases/test_broken.py" in said
    assert "crashed while running 'cases/test_dies.py'" in said
    assert "2 failed, 7 passed, 1 error" in said


def test_what_is_for_a_session_is_made_once_in_a_process_and_ends_with_it(run: tuple[Path, str]) -> None:
    folder, _ = run
    begun = (folder / "begun").read_text().split("\n")[:-1]
    assert len(begun) == 4
    assert len(set(begun)) <= 2
    assert 1 <= len((folder / "ended").read_text().split()) <= len(set(begun))


def test_a_path_that_is_not_there_is_said_in_the_words_of_pytest(tmp_path: Path) -> None:
    said = in_processes(tmp_path, "-n", "1", "nothing_here")
    assert "file or directory not found: nothing_here" in said
    assert "INTERNALERROR" not in said
