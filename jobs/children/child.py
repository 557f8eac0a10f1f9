"""A Python process of our own, started by exec: never forked out of a process that has threads.

Rule: a child inherits nothing but the standard streams, so no socket of its parent, and ends itself at the end of its
stdin: that is when its parent is gone.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import jobs


class Child:
    """`python -m module`, with pipes to its stdin and from its stdout. `options`: more of Popen's."""

    def __init__(self, module: str, arguments: Sequence[str] = (), **options: Any) -> None:
        root = str(Path(jobs.__file__).parent.parent)
        inherited = os.environ.get("PYTHONPATH")
        # -P: a folder named `jobs` in the working directory must not be imported in place of ours.
        self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, inherited)))},
            **options,
        )
        self.pid = self._process.pid

    @property
    def to(self) -> IO[bytes]:
        assert self._process.stdin
        return self._process.stdin

    @property
    def back(self) -> IO[bytes]:
        assert self._process.stdout
        return self._process.stdout

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> int:
        """Its exit code; negative: the signal that ended it, ours where it still lived."""
        self._process.kill()
        return self._process.wait()

    def leave(self, seconds: float) -> None:
        """The end of its stdin; who has not ended itself after so long is killed."""
        with contextlib.suppress(OSError):
            self.to.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.end()

    def end(self) -> None:
        self.kill()
        for pipe in (self.to, self.back):
            with contextlib.suppress(OSError):  # unsent bytes that it will never see
                pipe.close()


def how(code: int) -> str:
    """How a process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
