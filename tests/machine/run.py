"""Runs one after another, against one server and one directory in memory."""

import gc
import logging
import random
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from redis import ConnectionPool, Redis, UnixDomainSocketConnection

from tests.machine import parts
from tests.machine.store import PROTOCOL, Server, Wire
from tests.machine.tape import Tape
from tests.machine.world import Story, World
from tests.support.waiting import until
from workers.supervisor import server_binary

_MEMORY = Path("/dev/shm")
_LIGHT = (
    "--latency-tracking",
    "no",
    "--activerehashing",
    "no",
    "--jemalloc-bg-thread",
    "no",
    "--dynamic-hz",
    "no",
    "--hz",
    "1",
)
_SELDOM = (50_000, 20, 100)  # when the collector looks: a run leaves little behind
_TABLES_EVERY = 50  # runs whose tables are built, and files decoded each time


class Machine:
    """What runs share."""

    def __init__(self, directory: Path) -> None:
        socket = directory / "r.sock"
        self._process = subprocess.Popen(
            [server_binary(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", *_LIGHT],
            cwd=directory,
            stdout=subprocess.DEVNULL,
        )
        self._pool = ConnectionPool(
            connection_class=UnixDomainSocketConnection, path=str(socket), protocol=PROTOCOL, socket_timeout=None
        )
        until(self._answers, "Valkey answers")
        wire = Wire(str(socket))
        wire.watch()
        self._store = Server(self._pool, str(socket), wire)
        self.home = directory / "home"

    def _answers(self) -> bool:
        try:
            return bool(Redis.from_pool(self._pool).ping())
        except Exception:
            return False

    def run(self, seed: int, kept: frozenset[Hashable] | None = None) -> Story:
        shutil.rmtree(self.home, ignore_errors=True)
        in_full = seed % _TABLES_EVERY == 0
        parts.forget(decode=in_full)
        random.seed(seed)  # tenacity's back-off
        world = World(Tape(seed, kept), self._store, self.home, tables=in_full)
        return world.run()

    def close(self) -> None:
        self._store.close()
        self._process.terminate()
        self._process.wait()


@contextmanager
def machine() -> Iterator[Machine]:
    base = str(_MEMORY) if _MEMORY.is_dir() else None
    directory = Path(tempfile.mkdtemp(prefix="mc", dir=base))
    usual = gc.get_threshold()
    logging.disable(logging.CRITICAL)
    pa.set_cpu_count(1)
    tempfile.tempdir = str(directory)
    found = Machine(directory)
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)  # of dead processes
            try:
                yield found
            finally:
                gc.collect()
    finally:
        found.close()
        gc.set_threshold(*usual)
        gc.unfreeze()
        logging.disable(logging.NOTSET)
        tempfile.tempdir = None
        shutil.rmtree(directory, ignore_errors=True)
