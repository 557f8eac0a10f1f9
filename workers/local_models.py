"""The bundled models on this host (`--first local`): one emulator that all workers here of one Redis share.

Rule: the worker that holds the lock runs it, and both end with that worker, whatever ends it: the kernel lets go of the
lock, and the emulator sees the end of its stdin. The others find its URL beside the lock, and the next one takes over.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import jobs
from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.faults import Fault, Kind, Told, understand
from jobs.aws.lean import methods
from jobs.aws.lean.methods import Method
from jobs.children.child import Child, how
from jobs.errors import RekscanError

log = logging.getLogger(__name__)

_NEEDED = ("cv2", "onnxruntime", "rapidocr")  # what the extra brings
_INSTALL = "Install them where workers run: pip install 'rekscan[emulator]'."
_OPTIONS = ("--port", "0", "--end-with-stdin")
_LISTENING = b"listening on "
_REGION = "us-east-1"  # a client wants one
_START_SECONDS = 300.0  # that another worker may take to start them
_END_SECONDS = 5.0
_LOOK = 0.1
_WATCH = 0.5  # seconds that who runs them may not know of their death


def refuse_missing_models() -> None:
    """Raises RekscanError where this machine cannot run them."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise RekscanError(f"--first local needs the bundled models, and there is no {', '.join(missing)}", _INSTALL)


def cores() -> int:
    """As many as this process may use, and so as many pictures as are looked at at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalModels:
    """The models as one worker process asks them. Nothing is started until it does."""

    def __init__(self, redis_url: str) -> None:
        self.at_once = asyncio.Semaphore(cores())
        self._place = Path(tempfile.gettempdir()) / f"rekscan-models-{os.getuid()}-{_of(redis_url)}"
        self._turn = threading.Lock()
        self._lock: IO[bytes] | None = None
        self._emulator: Child | None = None
        self._url = ""
        self._method: Callable[[str], Method] | None = None
        self._closed = False

    async def ask(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """An answer as AWS gives it. Raises as a client does; where nobody answers, the next one asked looks anew."""
        method = self._method
        if method is None:
            method = await asyncio.get_running_loop().run_in_executor(None, self._reach)
        try:
            return await method(operation)(**arguments)
        except Exception as error:
            if understand(error, operation).kind in (Kind.AWAY, Kind.UNKNOWN):
                self._method = None
            raise

    def close(self) -> None:
        """They end; another worker of this host starts its own."""
        self._closed = True
        with self._turn:
            self._stop()

    def _reach(self) -> Callable[[str], Method]:
        """Where they run, or are started now. Blocks. Raises Told where they cannot be."""
        with self._turn:
            if self._method is None:
                try:
                    url = self._found_url()
                except OSError as error:
                    raise Told(_fault(f"{self._place}: {error}")) from error
                client = clients.rekognition(Aws(_REGION, rekognition_url=url))
                self._method = cache(methods.methods(client))
            return self._method

    def _found_url(self) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while not self._closed:
            if self._emulator is not None and not self._emulator.alive:
                self._stop()
            if self._emulator is not None:
                return self._url
            if self._takes_lock():
                return self._start()
            with suppress(FileNotFoundError):  # it is being started
                return (self._place / "url").read_text()
            if time.monotonic() > deadline:
                raise Told(_fault("another worker of this host does not get them started"))
            time.sleep(_LOOK)
        raise Told(Fault(Kind.AWAY, "LocalModels", "the worker ends"))

    def _takes_lock(self) -> bool:
        with suppress(BlockingIOError, FileNotFoundError):  # held, or just removed by who held it
            self._place.mkdir(mode=0o700, exist_ok=True)
            if self._place.stat().st_uid != os.getuid():
                raise PermissionError("it belongs to somebody else")
            with ExitStack() as opened:
                lock = opened.enter_context((self._place / "lock").open("wb"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(lock.fileno()), (self._place / "lock").stat()):
                    opened.pop_all()
                    self._lock = lock
                    return True
        return False

    def _start(self) -> str:
        """Only who holds the lock."""
        url = self._place / "url"
        url.unlink(missing_ok=True)  # of one that is gone
        log.info("starting the bundled models")
        self._emulator = child = Child("emulator", _OPTIONS, start_new_session=True)
        said = next((line for line in iter(child.back.readline, b"") if line.startswith(_LISTENING)), b"")
        if not said:
            code = child.kill()
            self._stop()
            raise Told(_fault(f"they do not start ({how(code)}); the worker's log says why"))
        self._url = said.removeprefix(_LISTENING).decode().strip()
        part = self._place / "url.part"
        part.write_text(self._url)
        part.replace(url)
        threading.Thread(target=self._watch, args=(child,), name="models", daemon=True).start()
        return self._url

    def _watch(self, child: Child) -> None:
        """Whoever asks next may start others once they have died, though this worker has nothing to ask."""
        while self._emulator is child:
            with self._turn:  # of two threads that ask at once whether a process lives, one is told that it does
                if self._emulator is child and not child.alive:
                    self._stop()
            time.sleep(_WATCH)

    def _stop(self) -> None:
        """The emulator first: who takes the lock after may start another."""
        if self._emulator is not None:
            self._emulator.leave(_END_SECONDS)
        if self._lock is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._lock.close()
        self._emulator, self._lock, self._method = None, None, None


def _of(redis_url: str) -> str:
    """Workers of another version may have other models."""
    return hashlib.sha256(f"{redis_url}\n{Path(jobs.__file__).parent}".encode()).hexdigest()[:12]


def _fault(why: str) -> Fault:
    return Fault(Kind.JOB, "LocalModels", f"the bundled models: {why}", f"{_INSTALL} Then resume the job.")
