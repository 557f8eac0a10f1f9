"""A few disposable child processes that decode pictures.

Rule: whatever a picture does, `mend`, `ask` and `answer` return. A child that hangs, crashes or eats memory is killed
and replaced; its picture gets a Skip. When a child was killed from outside, its picture gets a second try: it may be
innocent. Children are started by exec, not forked out of a process with threads.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import Any

from jobs.apis.base import Limits
from jobs.children import frames
from jobs.children.child import Child, how
from jobs.codes import Code
from jobs.media.check import Skip
from jobs.media.fitted import FitBounds, Fitted

More = Callable[[dict[str, Any]], bytes]
_SLOW = (signal.SIGXCPU, signal.SIGALRM)
_PICTURES = 500  # per child; then a fresh one, in case a decoder leaks


class DecoderPool:
    """Thread-safe. No child runs before the first picture needs one."""

    def __init__(
        self,
        size: int = 2,
        *,
        module: str = "jobs.media.child",  # what its children run
        memory_bytes: int = 2 * 1024**3,  # address space of a child, code included (about 0.2 GB)
        cpu_seconds: float = 20.0,  # per picture
        wall_seconds: float = 60.0,  # per picture; more than CPU time, because the machine may be busy
        grace_seconds: float = 5.0,  # after which a child that does not even obey its own alarm is killed
    ) -> None:
        self._module = module
        self._limits = [str(memory_bytes), str(cpu_seconds), str(wall_seconds)]
        self._wall = wall_seconds
        self._grace = grace_seconds
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._closed = False
        self._owner = os.getpid()

    def mend(self, data: bytes, name: str, limits: Limits, *, only_verify: bool = False) -> Fitted | Skip:
        """`data`, of the sniffed format `name`, within `limits`; or why not. Raises only after `close`."""
        bounds = FitBounds(limits.max_bytes, limits.min_side, limits.max_side)
        return self.ask({"format": name, "only_verify": only_verify, "limits": asdict(bounds)}, data, name)

    def ask(self, head: dict[str, Any], data: bytes, name: str, more: More | None = None) -> Fitted | Skip:
        """The same, whatever is asked of a child that answers with a picture; arguments as for `answer`."""
        found = self.answer(head, data, name, more)
        if isinstance(found, Skip):
            return found
        said, body = found
        return Fitted(body, said["fit"], said["format"], said["width"], said["height"])

    def answer(
        self, head: dict[str, Any], data: bytes, name: str, more: More | None = None, *, about: str = ""
    ) -> tuple[dict[str, Any], bytes] | Skip:
        """What a child says; `name`: the format, `more`: gives the child what it asks for. What that raises is raised
        here, and the child is ended. `about`: a child that was asked about the same last is asked first."""
        for last in (False, True):
            with self._child(about) as child:
                answer = child.ask(head, data, self._wall + self._grace, more)
            if not isinstance(answer, int):
                break
            if -answer in _SLOW or answer == _TOO_LONG:
                return Skip(
                    Code.BOMB, f"decoding it took more than {self._limits[1]} s of CPU or {self._wall:g} s", name
                )
            if last:
                return Skip(Code.CRASHED_DECODER, f"the decoder died on it twice ({how(answer)})", name)
        assert not isinstance(answer, int)
        return Skip(answer[0]["reason"], answer[0]["message"], name) if "reason" in answer[0] else answer

    @property
    def pids(self) -> list[int]:
        """Process ids of the children that live now."""
        with self._lock:
            return [child.pid for child in (*self._idle, *self._busy)]

    @property
    def busy(self) -> int:
        """Children that have a picture now."""
        with self._lock:
            return len(self._busy)

    def close(self) -> None:
        """End all children, busy ones too."""
        with self._lock:
            self._closed = True
            children, self._idle = [*self._idle, *self._busy], []
        for child in children:
            child.end()

    def __enter__(self) -> "DecoderPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _child(self, about: str) -> Iterator["_Child"]:
        """A live child for one picture; goes back to the idle ones if it survives."""
        with self._free:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the decoder pool is closed")
                if self._owner != os.getpid():  # after a fork the children are the parent's
                    self._owner, self._idle, self._busy = os.getpid(), [], set()
                child = self._idle.pop(self._nearest(about)) if self._idle else None
            if child is not None and not child.alive:
                child.end()  # it died while idle: its pipes are closed
                child = None
            if child is None:
                child = _Child(self._module, self._limits)
            child.about = about
            with self._lock:
                self._busy.add(child)
            try:
                yield child
            finally:
                with self._lock:
                    self._busy.discard(child)
                    keep = child.alive and child.pictures < _PICTURES and not self._closed
                    if keep:
                        self._idle.append(child)
                if not keep:
                    child.end()

    def _nearest(self, about: str) -> int:
        """The idle child that was asked about this last, else the one used last; of several films, the one that has
        rested longest, so that the others keep theirs."""
        same = [place for place, child in enumerate(self._idle) if child.about == about]
        return same[-1] if same else 0 if about else -1


_TOO_LONG = 1_000_000  # stands for an exit code: we killed it at the deadline


class _Child(Child):
    def __init__(self, module: str, limits: list[str]) -> None:
        super().__init__(module, limits, stderr=subprocess.DEVNULL)
        self.pictures = 0
        self.about = ""

    def ask(
        self, head: dict[str, Any], body: bytes, seconds: float, more: More | None
    ) -> tuple[dict[str, Any], bytes] | int:
        """The child's answer, or its exit code (negative: the signal) when it died over the question.

        `seconds`: after these it is killed, which its own alarm should have done before.
        """
        self.pictures += 1
        late = threading.Event()

        def kill() -> None:
            late.set()
            self.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            frames.write(self.to, head, body)
            answer = frames.read(self.back)
            while answer is not None and more is not None and "more" in answer[0]:
                frames.write(self.to, {}, self._given(more, answer[0]["more"]))
                answer = frames.read(self.back)
        except (OSError, ValueError):  # a broken pipe, or half a frame of nonsense
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            code = self.kill()
            return _TOO_LONG if late.is_set() else code
        return answer

    def _given(self, more: More, wanted: dict[str, Any]) -> bytes:
        try:
            return more(wanted)
        except BaseException:
            self.kill()  # it waits for an answer that does not come
            raise
