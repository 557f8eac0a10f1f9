"""Runs flattened in processes of their own, their tables handed over in order.

Rule: the processes change how long a build takes and nothing else. They are few, and so are the runs that wait, so
memory is as flat with them as without; one that dies ends the build with an error that says so.
"""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial

import orjson
import pyarrow as pa

from jobs.children.child import Child, how
from jobs.errors import RekscanError
from reports.tables.flatten import flatten
from reports.tables.flatten_child import receive, send
from reports.tables.layout import Layout
from reports.tables.runs import Run

MOST = 2  # processes: each has Python and Arrow in memory
WORTH_CALLS = 30_000  # stored calls that take longer to flatten than processes take to start
_AHEAD = 2  # runs per process that are under way or wait to be written
_PIPE_BYTES = 1024 * 1024  # a run is some megabytes: fewer wake-ups than with the usual 64 KB

Tables = dict[str, pa.Table]


def helpers_for(calls: int) -> int:
    """How many processes are worth while for so many stored calls."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST, cores) if cores > 1 and calls >= WORTH_CALLS else 0


def flattened(layout: Layout, runs: Iterator[Run], helpers: int) -> Generator[tuple[Run, Tables], None, None]:
    """Every run with its tables, in order; flattened by so many processes, here by none or until one has started.

    A generator to be closed (contextlib.closing): the processes end with it. Raises RekscanError when one dies.
    """
    with ExitStack() as stack:
        threads = ThreadPoolExecutor(max(1, helpers), thread_name_prefix="flatten")
        stack.callback(threads.shutdown, cancel_futures=True)
        started: queue.SimpleQueue[_Child] = queue.SimpleQueue()
        up = threading.Event()
        for child in [_Child(layout) for _ in range(helpers)]:
            stack.callback(child.end)  # before the threads, which wait for it
            threads.submit(child.await_start, started, up)
        waiting: deque[tuple[Run, Callable[[], Tables]]] = deque()
        for run in runs:
            tables = threads.submit(_ask, started, run).result if up.is_set() else partial(_here, layout, run)
            waiting.append((run, tables))
            if len(waiting) > _AHEAD * helpers:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)


def _next(waiting: deque[tuple[Run, Callable[[], Tables]]]) -> tuple[Run, Tables]:
    run, tables = waiting.popleft()
    return run, tables()


def _here(layout: Layout, run: Run) -> Tables:
    return flatten(layout, run.items, run.outcomes, run.whole)


def _ask(idle: "queue.SimpleQueue[_Child]", run: Run) -> Tables:
    child = idle.get()
    try:
        return child.flatten(run)
    finally:
        idle.put(child)


class _Child(Child):
    def __init__(self, layout: Layout) -> None:
        self._names = layout.image_tables
        # A group of its own: Ctrl-C at the terminal is its parent's affair, also while it still starts.
        super().__init__(
            "reports.tables.flatten_child",
            [orjson.dumps(asdict(layout)).decode()],
            pipesize=_PIPE_BYTES,
            process_group=0,
        )

    def await_start(self, idle: "queue.SimpleQueue[_Child]", up: threading.Event) -> None:
        """One that died instead goes to the idle ones too: who asks it is told."""
        receive(self.back)
        idle.put(self)
        up.set()

    def flatten(self, run: Run) -> Tables:
        tables = [run.items] if run.outcomes is None else [run.items, run.outcomes]
        try:
            send(self.to, {"whole": run.whole}, tables)
            answer = receive(self.back)
        except (OSError, ValueError):  # a broken pipe, or one that was closed under us
            answer = None
        if answer is None:
            raise RekscanError(
                f"a process that builds the tables died ({how(self.kill())})",
                "Nothing is lost: build them again with `rekscan report`. Was there enough memory?",
            )
        head, found = answer
        if "error" in head:
            raise RuntimeError(f"flattening failed in its process:\n{head['error']}")
        return dict(zip(self._names, found, strict=True))
