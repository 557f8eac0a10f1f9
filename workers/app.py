"""Celery's configuration, and the one task. A message carries (job, shard) and nothing else.

Sources: Celery 5.7's configuration reference; the reasons are in docs/adr/0002-celery-as-a-doorbell.md.
"""

import base64
import json
import logging
import os
import resource
import socket
import threading
from typing import Any

from celery import Celery, signals
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from workers.config import WorkerConfig, broker_url

TASK = "rekscan.shard"
QUEUE = "rekscan"
_FILES = 65_536
_PREFIX = "rekscan:celery:"  # before all of kombu's keys
QUEUE_KEY = _PREFIX + QUEUE  # the list of messages that wait for a worker
_UNACKED, _UNACKED_INDEX = (
    f"{_PREFIX}unacked",
    f"{_PREFIX}unacked_index",
)  # messages that a worker took, as kombu keeps them

log = logging.getLogger(__name__)

app = Celery("rekscan", set_as_current=False)


def configure(redis_url: str) -> Celery:
    """Point the app at a Redis. Must run before it is used."""
    # Longer than a shard takes; a copy delivered after it meets the lease and goes away.
    visibility = {"visibility_timeout": 3600}
    app.conf.update(
        broker_url=broker_url(redis_url),
        result_backend=None,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_acks_late=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_channel_error_retry=True,  # a Redis that refuses writes (its disk or memory is full) is waited for
        broker_connection_max_retries=None,
        broker_pool_acquire_timeout=30,
        broker_transport_options={
            **visibility,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            # A connection that fell silent (a firewall forgot it) is given up after 5 s; by a worker waiting, after 11.
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "health_check_interval": 5,
            "global_keyprefix": _PREFIX,
        },
        worker_hijack_root_logger=False,
        timezone="UTC",
    )
    return app


def ring(job: str, shard: int) -> None:
    """Put a shard into the queue. Raises redis-py's ConnectionError when Redis is away, as the ledger does."""
    try:
        app.send_task(TASK, args=[job, shard], queue=QUEUE, retry=False)
    except OperationalError as error:
        raise RedisConnectionError(str(error)) from error


def forget(redis: "Redis[bytes]", job: str) -> None:
    """Drop messages of a job that is over, whose worker died or lost its connection: kombu would ring in an hour."""
    for tag, message in redis.hgetall(_UNACKED).items():
        body = json.loads(message)[0]["body"]
        if json.loads(base64.b64decode(body))[0][0] == job:
            redis.hdel(_UNACKED, tag)
            redis.zrem(_UNACKED_INDEX, tag)


@app.task(name=TASK)
def shard(job: str, number: int) -> None:
    from workers.runtime import runtime  # made when the worker starts, never at import

    runtime().run(job, number)


def _allow_files() -> None:
    """A call under way is a socket: have as many as we may, up to 65,536."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def serve(config: WorkerConfig, *, name: str | None = None) -> None:
    """Run a worker in this process until it is told to stop (SIGTERM or SIGINT)."""
    from workers import runtime

    configure(config.redis_url)
    _allow_files()
    threading.excepthook = _end_process
    runtime.start(config)

    @signals.worker_shutting_down.connect(weak=False)
    def _stopping(**_: Any) -> None:
        runtime.runtime().stop()

    host = name or f"{socket.gethostname()}-{os.getpid()}"
    arguments = [
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


def _end_process(what: threading.ExceptHookArgs) -> None:
    """A worker whose journal or keeper has died would hold shards for ever: better none. Its leases lapse."""
    try:
        log.critical("thread %s died", what.thread and what.thread.name, exc_info=what.exc_value)
    finally:
        os._exit(70)
