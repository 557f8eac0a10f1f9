"""A forked program is a process like one that was started: what the tests rely on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from execnet.gateway_io import popen_bootstrapline

from tests.support import forks
from tests.support.scans import Emulator


def test_it_has_the_streams_the_arguments_and_the_exit_code_of_the_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rekscan", "status", "no job", "--home", "relative"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "'no job' is not a job id" in done.stderr


def test_it_reads_the_environment_it_is_given(tmp_path: Path) -> None:
    env = {**os.environ, "REKSCAN_HOME": str(tmp_path / "given")}
    said = subprocess.run(
        [sys.executable, "-m", "rekscan", "doctor", "--json"], env=env, stdout=subprocess.PIPE, text=True
    )
    assert str(tmp_path / "given") in said.stdout


def test_it_is_our_child_under_its_own_command_line_and_can_be_killed(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path)
    stat = Path(f"/proc/{emulator.process.pid}/stat").read_text().rpartition(")")[2].split()
    line = Path(f"/proc/{emulator.process.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    assert int(stat[1]) == os.getpid()
    assert line[1:3] == [b"-m", b"emulator"]
    assert line[-1] == os.fsencode(tmp_path / "emulator.url")
    emulator.kill()
    assert emulator.process.returncode == -signal.SIGKILL


def test_what_an_interpreter_reads_as_it_starts_is_left_to_one_that_starts() -> None:
    ready = {"LANG": "C.UTF-8", "PATH": "/bin"}
    assert forks.read_at_start({**ready, "PATH": "/usr/bin"}) == forks.read_at_start(ready)
    assert forks.read_at_start({**ready, "PYTHONUTF8": "0"}) != forks.read_at_start(ready)


def test_a_test_process_of_xdist_is_a_fork_with_pandas_that_does_what_it_reads() -> None:
    asked = "import pandas, sys; print('workers.serve' in sys.modules)"  # which no process that only starts has
    command = [sys.executable, "-u", "-c", popen_bootstrapline]
    done = subprocess.run(command, input=f"{asked!r}\n", stdout=subprocess.PIPE, text=True)
    assert done.stdout == "True\n"
