"""Processes of their own. The machine replaces names in product modules for good (seams.py).

They start as the programs of other tests do (tests/support/forks.py): fresh ones, which know nothing of what this one
has imported. Each does what it reads, and writes what came of it.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import IO, Any


class _Child:
    def __init__(self) -> None:
        command = [sys.executable, "-m", __name__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        asked, said = self._process.stdin, self._process.stdout
        assert asked is not None and said is not None
        asked.write(pickle.dumps((work, arguments)))
        asked.flush()
        found, error = pickle.load(said)
        if error is not None:
            raise error
        return found

    def end(self) -> None:
        self._process.communicate()


class _Apart(Executor):
    def __init__(self, children: list[_Child], threads: ThreadPoolExecutor) -> None:
        self._free: SimpleQueue[_Child] = SimpleQueue()
        self._threads = threads
        for child in children:
            self._free.put(child)

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        return self._threads.submit(self._do, work, arguments)

    def _do(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        child = self._free.get()
        try:
            return child.do(work, arguments)
        finally:
            self._free.put(child)


@contextmanager
def apart(processes: int = 1) -> Iterator[Executor]:
    with ExitStack() as stack:
        children = [_Child() for _ in range(processes)]
        for child in children:
            stack.callback(child.end)
        yield _Apart(children, stack.enter_context(ThreadPoolExecutor(processes)))


def _serve(asked: IO[bytes], said: IO[bytes]) -> None:
    while asked.peek(1):  # type: ignore[attr-defined]
        work, arguments = pickle.load(asked)
        done: tuple[Any, Exception | None]
        try:
            done = work(*arguments), None
        except Exception as error:
            done = None, error
        said.write(pickle.dumps(done))
        said.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints is no answer
    _serve(os.fdopen(0, "rb", closefd=False), answers)
