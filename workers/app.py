"""Celery's configuration. A message carries (job, shard) and nothing else.

Sources: Celery 5.7's configuration reference; the reasons are in docs/adr/0002-celery-as-a-doorbell.md.
"""

from typing import Any

from celery import Celery
from kombu.transport import redis, virtual

from jobs.ledger.keys import key
from workers.config import broker_url

TASK = "rekscan.shard"
QUEUE = "rekscan"
PREFIX = key("celery") + ":"  # before all of kombu's keys

app = Celery("rekscan", set_as_current=False)


class Places(redis.QoS):
    """The messages a worker holds, one for each of its shards.

    kombu keeps one that cannot be acknowledged because Redis is away, and with all places kept reads no more from the
    connection, so never finds out that it is broken: the worker would live on and take nothing. Here its place is free.
    """

    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


redis.Channel.QoS = Places


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
            "polling_interval": 0.25,  # a worker that is told to stop waits for its last poll
            "global_keyprefix": PREFIX,
        },
        worker_hijack_root_logger=False,
        timezone="UTC",
    )
    return app
