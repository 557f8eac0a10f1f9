"""The one Celery task, and a worker process that takes its messages until it is told to stop."""

import logging
import os
import socket
import threading
import time
from typing import Any

from celery import signals
from kombu.asynchronous import get_event_loop

from workers import open_files, runtime
from workers.app import TASK, app, configure
from workers.config import WorkerConfig

_ENDED_ITSELF = 70  # as sysexits.h has it: an error in the software
_SECONDS = 5.0
_LOOK = 0.1

log = logging.getLogger(__name__)


@app.task(name=TASK)
def shard(job: str, number: int) -> None:
    runtime.runtime().run(job, number)


def serve(config: WorkerConfig, *, name: str | None = None) -> int:
    """Run a worker in this process until it is told to stop (SIGTERM or SIGINT); its exit code.

    Celery also ends over what it cannot read, a stranger's item in the queue, and takes that for a good end. Here it is
    none: whoever watches over workers starts another.
    """
    told: list[bool] = []
    configure(config.redis_url)
    open_files.allow()
    open_files.calls_that_fit(config.calls, 1, 0)  # says at once what jobs will meet
    threading.excepthook = _end_process
    runtime.start(config)

    @signals.worker_shutting_down.connect(weak=False)
    def _stopping(**_: Any) -> None:
        told.append(True)
        runtime.runtime().stop()
        threading.Thread(target=_end_in_time, daemon=True).start()

    worker = app.Worker(
        pool="threads",
        concurrency=config.shards,
        hostname=name or f"{socket.gethostname()}-{os.getpid()}",
        loglevel=logging.WARNING,
        quiet=True,  # no banner: it goes to stdout, with the URL of the broker
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    try:
        worker.start()
    finally:
        runtime.runtime().close()
    return 0 if told else _ENDED_ITSELF


def _end_in_time() -> None:
    """Told to stop, a worker ends within `_SECONDS` after its last call, whatever else it waits for: a server that
    hangs, a disk, tables that take long. What it held of that lapses, and others go on with it."""
    if loop := get_event_loop():  # Celery's, which sleeps up to a second; from another thread this wakes it
        loop.call_soon(_look_up)  # type: ignore[no-untyped-call]
    time.sleep(_SECONDS / 2)
    left = _SECONDS / 2
    while left > 0:
        left = _SECONDS / 2 if runtime.runtime().leave() else left - _LOOK
        time.sleep(_LOOK)
    os._exit(0)


def _look_up() -> None:
    """Nothing more."""


def _end_process(what: threading.ExceptHookArgs) -> None:
    """A worker whose journal or keeper has died would hold shards for ever: better none. Its leases lapse."""
    try:
        log.critical("thread %s died", what.thread and what.thread.name, exc_info=what.exc_value)
    finally:
        os._exit(_ENDED_ITSELF)
