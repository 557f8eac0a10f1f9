"""Processes that help to build tables: the same bytes with and without them, and nothing left when anybody dies."""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import RekscanError
from jobs.folder import JobFolder
from reports.tables import flatten_pool
from reports.tables import runs as runs_module
from reports.tables.build import build_tables
from reports.tables.flatten_pool import WORTH_CALLS, flattened, helpers_for
from reports.tables.layout import Layout
from reports.tables.runs import RUN_BYTES, RUN_ITEMS, Run, runs
from tests.support.scans import children_of
from tests.support.waiting import until

APIS = ("labels", "faces", "text", "moderation", "properties")
BUILD = """
import sys
from jobs.folder import JobFolder
from reports.tables.build import build_tables
build_tables(JobFolder(*sys.argv[1:]), helpers=2, progress=lambda done, of: print(done, flush=True) or input())
"""


def files(folder: JobFolder) -> dict[str, bytes]:
    reports = Path(folder.root) / "reports"
    return {path.name: path.read_bytes() for path in reports.iterdir() if path.suffix in (".csv", ".parquet")}


def helpers_of(pid: int) -> list[int]:
    return children_of(pid, "reports.tables.flatten_child")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def without_end(folder: JobFolder) -> Iterator[Run]:
    """The job's runs over and over: as many as it takes for a process to be up and get one."""
    while True:
        yield from runs(folder, folder.shard_parts())


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that were flattened in this process."""
    seen: list[Run] = []
    flatten_here = flatten_pool._here

    def counted(layout: Layout, run: Run) -> dict[str, pa.Table]:
        seen.append(run)
        return flatten_here(layout, run)

    monkeypatch.setattr(flatten_pool, "_here", counted)
    return seen


def test_tables_are_the_same_to_the_byte_with_and_without_processes(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 2_000, APIS, shard_size=100, broken=10, missing_shards=(3,))
    alone = build_tables(folder, min_confidence=80.0, helpers=0)
    expected = files(folder)
    assert build_tables(folder, min_confidence=80.0, helpers=2).rows == alone.rows
    assert files(folder) == expected


def test_runs_come_in_order_whoever_flattens_them_and_are_read_a_few_ahead_of_what_is_written(
    tmp_path: Path, here: list[Run]
) -> None:
    folder = make_job(tmp_path, 300, ("labels",), shard_size=50, missing_shards=(2,))
    layout = Layout(folder.job, ("labels",))
    read: list[Run] = []
    expected = []
    with closing(flattened(layout, counted(runs(folder, folder.shard_parts()), read), 0)) as made:
        for run, tables in made:
            expected.append(tables)
            assert read[-1] is run
    here.clear()
    read.clear()
    with closing(flattened(layout, counted(without_end(folder), read), 2)) as made:
        for number, (run, tables) in enumerate(made, 1):
            assert tables == expected[(number - 1) % len(expected)]
            assert run.items["item_id"].equals(tables["images"]["item_id"])
            assert len(read) - number <= 2 * 2
            if number > len(here) + 30:
                break


def counted(of: Iterator[Run], read: list[Run]) -> Iterator[Run]:
    for run in of:
        read.append(run)
        yield run


def test_processes_killed_while_they_start_end_the_build_with_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "RUN_ITEMS", 50)  # so that there are more runs when they are dead
    folder = make_job(tmp_path, 1_000, ("labels",), shard_size=50)
    with pytest.raises(RekscanError, match=r"a process that builds the tables died \(SIGKILL"):
        build_tables(folder, helpers=2, progress=lambda done, of: kill_all())
    assert list((Path(folder.root) / "reports").iterdir()) == [Path(folder.root) / "reports" / "status.json"]
    assert build_tables(folder, helpers=0).rows["images"] == 1_000


def test_a_process_killed_at_work_ends_the_build_with_an_error_that_says_so(tmp_path: Path, here: list[Run]) -> None:
    folder = make_job(tmp_path, 300, ("labels",), shard_size=50)
    killed = 0
    with (
        pytest.raises(RekscanError, match=r"a process that builds the tables died \(SIGKILL"),
        closing(flattened(Layout(folder.job, ("labels",)), without_end(folder), 2)) as made,
    ):
        for number, _ in enumerate(made, 1):
            if number > len(here) + 30 and not killed:
                killed = helpers_of(os.getpid())[0]
                kill([killed])
    assert killed
    assert helpers_of(os.getpid()) == []


def kill_all() -> None:
    kill(helpers_of(os.getpid()))
    until(lambda: not helpers_of(os.getpid()), "they are dead")


def kill(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_an_error_of_ours_is_told_with_the_traceback_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_job(tmp_path, 20, ("labels",))
    wrong = (replace(run, outcomes=run.items) for run in without_end(folder))
    monkeypatch.setattr(flatten_pool, "_here", lambda layout, run: {})  # until a process is up
    with (
        pytest.raises(RuntimeError, match=r"(?s)flattening failed in its process.*reports/tables/flatten.py"),
        closing(flattened(Layout(folder.job, ("labels",)), wrong, 1)) as made,
    ):
        deque(made, maxlen=0)


def test_a_process_inherits_no_socket(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 20, ("labels",))
    with socket.socket() as ours, closing(flattened(Layout(folder.job, ("labels",)), without_end(folder), 1)) as made:
        ours.set_inheritable(True)
        next(made)
        (pid,) = helpers_of(os.getpid())
        files = [path for path in Path(f"/proc/{pid}/fd").iterdir() if int(path.name) > 2]
        assert not [path for path in files if str(path.readlink()).startswith("socket:")]


def test_the_processes_die_with_the_one_that_builds(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 40, ("labels",))
    build = subprocess.Popen(
        [sys.executable, "-c", BUILD, folder.home, folder.job], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert build.stdout
    assert build.stdout.readline()
    pids = helpers_of(build.pid)
    assert len(pids) == 2
    build.kill()
    build.communicate()
    until(lambda: not any(map(alive, pids)), "the processes end")


def test_small_jobs_start_no_process() -> None:
    assert helpers_for(WORTH_CALLS - 1) == 0
    assert helpers_for(10**9) <= flatten_pool.MOST


def test_what_is_in_memory_at_a_time_is_bounded_by_items_and_by_bytes(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 3_000, ("moderation",), shard_size=100)
    assert {run.items.num_rows for run in runs(folder, folder.shard_parts())} == {RUN_ITEMS}
    crowds = make_job(tmp_path / "crowds", 40, ("faces",), shard_size=4, answers=lambda item, api: {"x": "x" * 2**20})
    sizes = [run.outcomes.nbytes for run in runs(crowds, crowds.shard_parts()) if run.outcomes]
    assert len(sizes) > 1
    assert max(sizes) < RUN_BYTES + 5 * 2**20
