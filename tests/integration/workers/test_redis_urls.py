"""A Redis URL means one thing to the ledger and to the queue: the same database, the same certificates."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from celery import Celery
from kombu import pools
from redis.exceptions import ConnectionError as RedisConnectionError

from jobs.errors import RekscanError
from rekscan.commands.worker import worker
from rekscan.scans.engine import ledger
from rekscan.settings import Connection, resolve
from tests.support.certificates import self_signed
from tests.support.redis import RedisServer
from workers.app import PREFIX
from workers.config import broker_url, connect


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("r"))
    yield server
    server.stop()


@contextmanager
def behind_tls(redis: RedisServer, certificate: Path) -> Iterator[str]:
    """What terminates TLS before a Redis; its host and port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def passed_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            opened.append(accepted)
            with suppress(OSError):
                client = context.wrap_socket(accepted, server_side=True)
                server = socket.socket(socket.AF_UNIX)
                opened.extend((client, server))
                server.connect(redis.url.removeprefix("unix://"))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=passed_on, args=pair, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for one in opened:
        one.close()


def publish(url: str) -> None:
    app = Celery(broker=broker_url(url), set_as_current=False)
    app.conf.update(broker_transport_options={"global_keyprefix": PREFIX}, broker_connection_retry=False)
    try:
        app.send_task("anything", queue="rekscan", retry=False)
    finally:
        app.close()
        pools.reset()  # kombu's are of the process


@pytest.mark.parametrize(("query", "database"), [("", 0), ("?db=3", 3)])
def test_the_queue_is_in_the_ledger_s_database(redis: RedisServer, query: str, database: int) -> None:
    publish(redis.url + query)
    assert connect(redis.url + query).exists(f"{PREFIX}rekscan") == 1
    assert connect(f"{redis.url}?db={database}").exists(f"{PREFIX}rekscan") == 1


def test_neither_speaks_to_a_server_whose_certificate_nobody_trusts(redis: RedisServer, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with behind_tls(redis, certificate) as place:
        trusted = f"rediss://{place}/2?ssl_ca_certs={certificate}"
        assert connect(trusted).ping()
        publish(trusted)
        assert connect(f"{redis.url}?db=2").exists(f"{PREFIX}rekscan") == 1
        with pytest.raises(RedisConnectionError, match="certificate verify failed"):
            connect(f"rediss://{place}/2").ping()
        with pytest.raises(Exception, match="certificate verify failed"):
            publish(f"rediss://{place}/4")
        publish(f"rediss://{place}/5?ssl_cert_reqs=none")  # as asked
        assert connect(f"{redis.url}?db=5").exists(f"{PREFIX}rekscan") == 1


def test_a_redis_in_cluster_mode_is_refused_by_commands_and_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RedisServer(tmp_path_factory.mktemp("c"), "--cluster-enabled", "yes")
    try:
        named = Connection(redis_url=server.url)
        for asked in (lambda: ledger(resolve(named)), lambda: worker(connection=named)):
            with pytest.raises(RekscanError, match="in cluster mode, which is not supported"):
                asked()
    finally:
        server.stop()


@pytest.mark.parametrize(
    "url", ["sentinel://a:26379/mymaster", "redis+sentinel://a:26379/mymaster", "redis+cluster://a"]
)
def test_what_is_no_single_redis_is_refused_by_its_name(url: str) -> None:
    with pytest.raises(RekscanError, match="not the URL of a Redis"):
        resolve(None, redis_url=url)
