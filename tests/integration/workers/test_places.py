"""A worker's places for messages, when Redis goes away under it."""

import tempfile
from pathlib import Path

import pytest
from kombu import Queue
from redis.exceptions import RedisError

from tests.support.redis import RedisServer
from workers import app


def test_a_message_that_cannot_be_acknowledged_takes_no_place() -> None:
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
    try:
        with app.configure(server.url).connection_for_read() as connection:
            channel = connection.channel()
            channel.basic_qos(0, 1, False)
            queue = Queue(app.QUEUE, channel=channel)
            queue.declare()
            connection.Producer(channel).publish({}, routing_key=app.QUEUE)
            message = queue.get()
            assert message is not None
            assert not channel.qos.can_consume()
            server.kill()
            with pytest.raises(RedisError):
                message.ack()
            assert channel.qos.can_consume()
    finally:
        server.stop()
