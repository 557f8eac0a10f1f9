"""Our own programs start in tests as forks of a process that has imported everything: a tenth of a start's CPU time.

`python -m rekscan`, `-m workers` and `-m emulator`, started with subprocess.Popen, become forks, and so do the test
processes of pytest-xdist, and the children in which those programs decode pictures and build tables. Whatever else is
started, or differs in what an interpreter reads as it starts (locale, PYTHON*, a terminal), starts as ever. A fork is a
process like any: a child of the one that asked, with a pid, an environment, streams and a command line of its own.
Rule: a fork comes from a process that has none of Python's threads; for what a scan starts, one is kept from before it
began.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from execnet.gateway_io import popen_bootstrapline

from jobs.errors import RekscanError
from jobs.starting import start_light

NAME = "forks-of-a-scan"  # the command line of a server that a program has for itself
_CHANGED = (
    "tests.faults.skewed",
    "tests.faults.short_of_memory",
    "tests.faults.small_parts",
    "tests.faults.on_aws",
)  # `rekscan`, but for one thing
PROGRAMS = ("rekscan", "workers", "emulator", "tests.machine.apart", *_CHANGED)
_CHILDREN = (  # of programs; those that a test itself starts are started, so that their limits are as ever
    "jobs.media.child", "jobs.video.frame_child", "jobs.video.still_child", "reports.tables.flatten_child",
)  # fmt: skip
_PACKAGES = ("jobs", "workers", "reports", "rekscan", "emulator")
_LATE = (  # what libraries import when they begin to work
    "billiard.connection", "billiard.pool", "boto3.s3.inject", "celery.app.amqp", "celery.app.control",
    "celery.app.events", "celery.app.log", "celery.apps.worker", "celery.backends.base", "celery.concurrency.thread",
    "celery.worker.autoscale", "celery.worker.components", "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery", "celery.worker.control", "celery.worker.strategy", "cyclopts.help",
    "encodings.idna", "kombu.mixins", "kombu.pidbox", "numpy.ma", "pyarrow.acero", "rich.markdown", "uvloop",
)  # fmt: skip
_OF_TESTS = ("av", "moto.server", "openpyxl", "packaging.requirements")
_TESTS = "tests.support.xdist_process"
_XDIST = ["-u", "-c", popen_bootstrapline]  # how pytest-xdist starts one
_STARTERS = ("rekscan", "workers", _TESTS, *_CHANGED)  # those that start others
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OMP_", "OPENBLAS_")
_LINE = "for-the-command-line-" * 50  # room that a fork writes its own command line into
_MOST = 200_000  # bytes of a request: an environment and a command line
_SUBREAPER, _STREAMS = 36, 3
_HUGE, _COLLAPSE = 2**21, 25

_libc = ctypes.CDLL(None, use_errno=True)
_popen_execute = subprocess.Popen._execute_child  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Program:
    """What a fork becomes. Its streams travel beside it."""

    module: str
    arguments: list[str]
    env: dict[str, str]
    directory: str
    new_session: bool
    first: list[str] | None  # module and name of a function that the child calls first


class Forks:
    """The process whose forks become programs, seen from one that asks for them."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._env = read_at_start(os.environ)
        self._turn = threading.Lock()

    def pid(self, program: Program, streams: list[int]) -> int:
        """Start it as a child of this process."""
        with self._turn:
            _libc.prctl(_SUBREAPER, 1)  # the fork's parent ends at once: we take it in
            try:
                socket.send_fds(self._door, [json.dumps(asdict(program)).encode()], streams)
                return int(self._door.recv(64))
            finally:
                _libc.prctl(_SUBREAPER, 0)

    def knows(self, env: Mapping[str, str]) -> bool:
        """Whether an interpreter that starts with this environment is as the server's is."""
        return read_at_start(env) == self._env


class Ending:
    """What a fork does last, after all that was registered for its exit: it ends without taking itself apart.

    That would look at each object and so copy it: three times the work of a small command.
    """

    def __init__(self) -> None:
        self.code = 0
        atexit.register(self._end)

    def _end(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.code)


_taken_over = False
_in_a_program = False


def install() -> None:
    """From now on Popen forks our own programs. The server starts with the first of them; a fork has it already."""
    if not _taken_over:
        _take_over(_Lazily().get)


class _Lazily:
    def __init__(self) -> None:
        self._forks: Forks | None = None
        self._lock = threading.Lock()

    def get(self) -> Forks:
        with self._lock:
            if self._forks is None:
                self._forks = _server()
            return self._forks


def _server() -> Forks:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks", str(its.fileno()), _LINE],
            pass_fds=[its.fileno()],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
    atexit.register(server.wait)
    atexit.register(ours.close)
    return Forks(ours)


def _take_over(forks: Callable[[], Forks]) -> None:
    global _taken_over
    _taken_over = True
    names = list(inspect.signature(_popen_execute).parameters)

    def execute(popen: Any, *given: Any) -> None:
        asked = dict(zip(names[1:], given, strict=True))
        program = _program(asked)
        if program is None or not forks().knows(program.env):
            _popen_execute(popen, *given)
            return
        wanted = [asked["p2cread"], asked["c2pwrite"], asked["errwrite"]]
        streams = [own if fd == -1 else fd for own, fd in enumerate(wanted)]
        popen.pid = forks().pid(program, streams)
        popen._child_created = True
        popen._close_pipe_fds(*(asked[name] for name in names if name.endswith(("read", "write"))))

    subprocess.Popen._execute_child = execute  # type: ignore[attr-defined]


def _program(asked: dict[str, Any]) -> Program | None:
    """What is to be forked; None: it starts as ever."""
    first, env = asked["preexec_fn"], asked["env"]
    streams = (asked["p2cread"], asked["c2pwrite"], asked["errwrite"])
    module, *arguments = _called(asked["args"])
    if module is None:
        return None
    if asked["pass_fds"] or any(os.isatty(fd) for fd in streams if fd != -1):
        return None
    env = dict(os.environ if env is None else env)
    if module in _CHILDREN:  # they are told where we are, and know it
        env = {name: value for name, value in env.items() if name != "PYTHONPATH"} | _way()
    return Program(
        module=module,
        arguments=arguments,
        env=env,
        directory=os.fspath(asked["cwd"] or Path.cwd()),
        new_session=asked["start_new_session"],
        first=first and [first.__module__, first.__qualname__],
    )


def _called(args: Any) -> list[Any]:
    """The module that is to run, and its arguments; None: it is none of those that are forked."""
    python, *words = [None] if isinstance(args, (str, bytes)) else args
    if python != sys.executable:
        return [None]
    if words == _XDIST:
        return [_TESTS]
    if words[:1] == ["-P"] and _in_a_program and words[2] in _CHILDREN:
        return list(map(str, words[2:]))
    return list(map(str, words[1:])) if words[:1] == ["-m"] and words[1] in PROGRAMS else [None]


def _way() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}


def read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in env.items() if k.startswith(_READ_AT_START) and k != "OPENBLAS_NUM_THREADS"}


def _serve(door: socket.socket) -> tuple[Program, list[int]]:
    """Fork for each request. Returns in the forks alone."""
    while True:
        said, streams, _, _ = socket.recv_fds(door, _MOST, _STREAMS)
        if not said:
            os._exit(0)  # who asked is gone
        reading, writing = os.pipe()
        between = os.fork()
        if not between:
            _fork_again(writing)
            door.close()
            os.close(reading)
            return Program(**json.loads(said)), streams
        os.close(writing)
        os.waitpid(between, 0)  # now the fork is the child of who asked
        pid = os.read(reading, 64)
        for fd in (reading, *streams):
            os.close(fd)
        door.send(pid)


def _fork_again(writing: int) -> None:
    """The second fork is whose parent ends: returns in it, once it has the new one."""
    between = os.getpid()
    pid = os.fork()
    if pid:
        os.write(writing, str(pid).encode())
        os._exit(0)
    os.close(writing)
    while os.getppid() == between:
        time.sleep(0.0005)


def _become(program: Program, streams: list[int]) -> None:
    """All that the kernel and the interpreter know of this process is the program's, from here on."""
    if program.new_session:
        os.setsid()
    for number, fd in enumerate(streams):
        os.dup2(fd, number + 100)
    for number in range(_STREAMS):
        os.dup2(number + 100, number)
    os.closerange(_STREAMS, 256)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115  open for as long as the process
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    errors = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = errors  # type: ignore[misc]
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(program.directory)
    os.environ.clear()
    os.environ.update(program.env)
    time.tzset()
    if program.first:
        getattr(importlib.import_module(program.first[0]), program.first[1])()
    _name([sys.executable, "-m", program.module, *program.arguments])
    sys.argv = ["-m", *program.arguments]


def _name(line: list[str]) -> None:
    """Write the command line that `ps` and /proc show over the one the server was started with."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    room = end - start - 1
    ctypes.memmove(start, b"\0".join(map(os.fsencode, line))[:room].ljust(room, b"\0"), room)


def _with_server_of_its_own(ending: Ending) -> None:
    """Before a program that starts others begins: what it starts is forked of a process as fresh as it is."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if not os.fork():
        ours.close()
        _name([NAME])
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _run(*_serve(its), ending)
        sys.exit()
    its.close()
    forks = Forks(ours)
    _take_over(lambda: forks)


def _run(program: Program, streams: list[int], ending: Ending) -> None:
    global _in_a_program
    _become(program, streams)
    _in_a_program = program.module != _TESTS
    if program.module in _STARTERS:
        _with_server_of_its_own(ending)
    if program.module == _TESTS:
        sys.meta_path[:] = _finders  # tests are no program of ours: they have pandas
    ending.code = 1  # what an exception makes of it
    try:
        runpy.run_module(program.module, run_name="__main__", alter_sys=True)
        ending.code = 0
    except SystemExit as end:
        ending.code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


def _modules() -> Iterator[str]:
    """All of ours but what runs when it is imported."""
    for package in _PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith(("__main__", "child")):
                yield module.name


def _import_all() -> None:
    """And what is made once in each process, whatever it is for."""
    made_once = importlib.import_module("tests.support.made_once")
    made_once.install()
    for module in (*_modules(), *_LATE, *_OF_TESTS):
        with contextlib.suppress(ImportError):  # it is for who has pandas
            importlib.import_module(module)
    with contextlib.suppress(RekscanError):  # no job, but now it is known how one is read
        importlib.import_module("jobs.folder.spec").JobSpec.from_json(b"{}", "none")
    made_once.fill()
    templates = importlib.import_module("reports.views.page").environment()
    for name in templates.list_templates(extensions=["html"]):
        templates.get_template(name)
    _import_hypothesis()


def _import_hypothesis() -> None:
    """It looks at each module, whether it is one of ours. Its own asserts need no pytest to tell what they compare,
    which else minds that they were imported before it."""
    is_ours = importlib.import_module("hypothesis.internal.constants_ast").is_local_module_file
    for module in list(sys.modules.values()):
        if file := getattr(module, "__file__", None):
            is_ours(file)
    for name in ("hypothesis", "_hypothesis_globals"):
        sys.modules[name].__doc__ = "PYTEST_DONT_REWRITE"


def _in_huge_pages() -> None:
    """Memory moves into pages of two megabytes, where the kernel can: a fork copies one entry for what were 512."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        where, mode, _, _, _, *name = line.split()
        if mode == "rw-p" and name in ([], ["[heap]"]):
            start, end = (int(place, 16) for place in where.split("-"))
            for page in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
                _libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(_HUGE), _COLLAPSE)


_finders = list(sys.meta_path)  # before `start_light` adds one


def main(door: int) -> None:
    """Import what the programs import, and serve."""
    ending = Ending()
    start_light()
    with warnings.catch_warnings():
        # Tests find imported what else they would import, a warning being an error.
        warnings.filterwarnings("error", module=rf"({'|'.join(_PACKAGES)})\b")
        _import_all()
    gc.collect()
    gc.freeze()  # what is never looked at is never copied
    _in_huge_pages()
    _run(*_serve(socket.socket(fileno=door)), ending)


if __name__ == "__main__":
    importlib.import_module("tests.support.forks").main(int(sys.argv[1]))  # by the name that its forks know it by
