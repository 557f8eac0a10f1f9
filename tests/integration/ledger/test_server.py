"""What is wrong with a Redis is told with what to do: real servers, each set up wrongly."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from jobs.ledger.server import trouble
from tests.support.redis import RedisServer
from tests.support.waiting import until
from workers.config import connect


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One server; each test puts back what it changed."""
    running = RedisServer(Path(tempfile.mkdtemp(prefix="rk")))
    yield running
    running.stop()


@pytest.fixture
def admin(server: RedisServer) -> Iterator["Redis[bytes]"]:
    client = connect(server.url)
    yield client
    client.close()


def as_user(server: RedisServer, name: str = "bob:secret") -> "Redis[bytes]":
    return connect(server.url.replace("unix://", f"unix://{name}@"))


def test_a_redis_as_compose_starts_it_is_fit_and_keeps_nothing_of_the_look(admin: "Redis[bytes]") -> None:
    assert trouble(admin) is None
    assert admin.keys("rekscan:*") == []


SETTINGS: dict[str, tuple[dict[str, object], str, str, bool]] = {
    "full": ({"maxmemory": 1}, "is full (maxmemory)", "more memory", True),
    "evicting": ({"maxmemory-policy": "allkeys-lru"}, "may forget", "maxmemory-policy noeviction", False),
    "without its replicas": ({"min-replicas-to-write": 1}, "replicas of its own", "min-replicas-to-write", True),
}


@pytest.mark.parametrize("how", list(SETTINGS))
def test_a_setting_that_does_not_fit_is_told(admin: "Redis[bytes]", how: str) -> None:
    settings, what, do, stops = SETTINGS[how]
    before = {name: admin.config_get(name)[name] for name in settings}
    for name, value in settings.items():
        admin.config_set(name, value)
    try:
        found = trouble(admin)
    finally:
        for name, value in before.items():
            admin.config_set(name, value)
    assert found is not None
    assert (what in found.what, do in found.do, found.stops) == (True, True, stops), found


@pytest.mark.parametrize("stale", ["yes", "no"])
def test_a_replica_is_told(admin: "Redis[bytes]", stale: str) -> None:
    admin.config_set("replica-serve-stale-data", stale)
    admin.replicaof("127.0.0.1", "9")
    try:
        found = trouble(admin)
    finally:
        admin.replicaof("NO", "ONE")
        admin.config_set("replica-serve-stale-data", "yes")
    assert found is not None
    assert ("replica" in found.what, "primary" in found.do, found.stops) == (True, True, True), found


@pytest.mark.parametrize(
    "rights", [("+@all", "-hset", "~*"), ("+@all", "-eval", "~*"), ("+@all", "~other*"), ("+get", "~*")]
)
def test_a_user_who_may_too_little_is_told(server: RedisServer, admin: "Redis[bytes]", rights: tuple[str, ...]) -> None:
    admin.execute_command("ACL", "SETUSER", "bob", "reset", "on", ">secret", *rights)
    found = trouble(as_user(server))
    assert found is not None
    assert ("do too little" in found.what, "ACL SETUSER" in found.do) == (True, True), found


def test_the_rights_that_are_named_are_enough(server: RedisServer, admin: "Redis[bytes]") -> None:
    admin.execute_command("ACL", "SETUSER", "bob", "reset", "on", ">secret", "+@all", "~rekscan:*", "&*")
    assert trouble(as_user(server)) is None
    admin.execute_command("ACL", "SETUSER", "bob", "-info")
    assert trouble(as_user(server)) is None  # what cannot be looked at is no trouble


def test_a_password_that_is_missing_or_wrong_is_told_and_never_shown(
    server: RedisServer, admin: "Redis[bytes]"
) -> None:
    admin.execute_command("ACL", "SETUSER", "bob", "reset", "on", ">secret", "+@all", "~*", "&*")
    wrong = trouble(as_user(server, "bob:hush"))
    admin.config_set("requirepass", "secret")
    try:
        missing = trouble(connect(server.url))
    finally:
        admin.config_set("requirepass", "")
    assert wrong is not None
    assert missing is not None
    assert ("refuses the user or the password" in wrong.what, "wants a password" in missing.what) == (True, True)
    assert "hush" not in str(wrong) + str(missing)


def test_a_redis_with_too_many_clients_is_told(server: RedisServer, admin: "Redis[bytes]") -> None:
    before = admin.config_get("maxclients")["maxclients"]
    admin.config_set("maxclients", 1)
    try:
        found = trouble(connect(server.url))
    finally:
        admin.config_set("maxclients", before)
    assert found is not None
    assert ("takes no more clients" in found.what, "maxclients" in found.do) == (True, True), found


def test_a_redis_that_cannot_write_its_file_is_told() -> None:
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")), "--appendonly", "no", "--save", "1 1")
    try:
        client = connect(server.url)
        client.ping()
        shutil.rmtree(server.directory)
        client.set("a", 1)
        found = until(lambda: trouble(client), "a snapshot fails")
    finally:
        server.kill()  # it would not end before it has saved
    assert ("cannot save its snapshot" in found.what, "room" in found.do) == (True, True), found


def test_nobody_there_is_told(tmp_path: Path) -> None:
    found = trouble(connect(f"unix://{tmp_path}/none.sock"))
    assert found is not None
    assert ("does not answer" in found.what, "REKSCAN_REDIS_URL" in found.do) == (True, True)
