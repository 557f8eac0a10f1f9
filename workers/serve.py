"""The one Celery task, and a worker process that takes its messages until it is told to stop."""

import logging
import os
import resource
import socket
import threading
from typing import Any

from celery import signals

from workers import runtime
from workers.app import TASK, app, configure
from workers.config import WorkerConfig

_FILES = 65_536
_ENDED_ITSELF = 70  # as sysexits.h has it: an error in the software

log = logging.getLogger(__name__)


@app.task(name=TASK)
def shard(job: str, number: int) -> None:
    runtime.runtime().run(job, number)


def _allow_files() -> None:
    """A call under way is a socket: have as many as we may, up to 65,536."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def serve(config: WorkerConfig, *, name: str | None = None) -> int:
    """Run a worker in this process until it is told to stop (SIGTERM or SIGINT); its exit code.

    Celery also ends over what it cannot read, a stranger's item in the queue, and takes that for a good end. Here it is
    none: whoever watches over workers starts another.
    """
    told: list[bool] = []
    configure(config.redis_url)
    _allow_files()
    threading.excepthook = _end_process
    runtime.start(config)

    @signals.worker_shutting_down.connect(weak=False)
    def _stopping(**_: Any) -> None:
        told.append(True)
        runtime.runtime().stop()

    host = name or f"{socket.gethostname()}-{os.getpid()}"
    arguments = [
        "--quiet",  # no banner: it goes to stdout, with the URL of the broker
        "worker",
        "--pool=threads",
        f"--concurrency={config.shards}",
        f"--hostname={host}",
        "--loglevel=WARNING",
    ]
    try:
        app.worker_main([*arguments, "--without-gossip", "--without-mingle", "--without-heartbeat"])
    finally:
        runtime.runtime().close()
    return 0 if told else _ENDED_ITSELF


def _end_process(what: threading.ExceptHookArgs) -> None:
    """A worker whose journal or keeper has died would hold shards for ever: better none. Its leases lapse."""
    try:
        log.critical("thread %s died", what.thread and what.thread.name, exc_info=what.exc_value)
    finally:
        os._exit(_ENDED_ITSELF)
