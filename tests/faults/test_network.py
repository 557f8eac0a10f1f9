"""The network to Redis or Rekognition falls silent or is cut: nothing hangs, no call is sent without its intent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.proxy import Proxy, proxy
from tests.support.redis import RedisServer
from tests.support.scans import (
    Emulator,
    Scan,
    Tables,
    asked_twice_is_marked,
    emulator,
    make_photos,
    only_counters_are_left,
    same_tables,
    tables,
    workers,
)
from tests.support.waiting import until

CALLS = 150


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), CALLS, broken=4)


def start(photos: Path, home: Path, url: str, *more: str, **env: str) -> Scan:
    return Scan(
        "scan", str(photos), "--api", "faces", "--yes", "--json", "--shard-size", "20", "--tps", "faces=20",
        "--rekognition-endpoint-url", url, *more, home=home, env={"REKSCAN_LEASE_SECONDS": "3", **env},
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory) as running:
        assert start(photos, directory / "home", running.url, "--tps", "faces=200").status()["state"] == "finished"
        assert running.total() == CALLS
    return tables(directory / "home")


@pytest.fixture
def network(redis_server: RedisServer, redis: Any) -> Iterator[Proxy]:
    with proxy(redis_server.url) as running:
        yield running


@pytest.fixture
def scan(photos: Path, tmp_path: Path, rekognition: Emulator, network: Proxy) -> Iterator[Scan]:
    """A scan and two workers that reach Redis over the network, with some calls made."""
    env = {"REKSCAN_REDIS_URL": f"redis://{network.address}/0", "REKSCAN_LEASE_SECONDS": "3", "AWS_REGION": "us-east-1"}
    with workers(2, tmp_path, env):
        scan = start(photos, tmp_path / "home", rekognition.url, **env)
        until(lambda: rekognition.total() > 30, "some calls are made", seconds=120)
        yield scan


def whole(scan: Scan, rekognition: Emulator, redis: Any, undisturbed: Tables) -> None:
    status = scan.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", CALLS)
    found = tables(scan.home)
    same_tables(found, undisturbed, "images", "faces")
    asked_twice_is_marked(found, rekognition)
    only_counters_are_left(redis, found)


def test_silent_connections_to_redis_are_given_up_and_new_ones_go_on(
    scan: Scan, rekognition: Emulator, network: Proxy, redis: Any, undisturbed: Tables
) -> None:
    network.silence()
    made = rekognition.stands_still()
    assert made < CALLS  # no call without an intent
    network.mend()
    assert network.held() > 0
    whole(scan, rekognition, redis, undisturbed)


def test_redis_out_of_reach_for_half_a_minute_only_delays_a_scan(
    scan: Scan, rekognition: Emulator, network: Proxy, redis: Any, undisturbed: Tables
) -> None:
    network.cut()
    began = redis.time()[0]
    made = rekognition.stands_still()
    assert made < CALLS
    until(lambda: redis.time()[0] - began >= 30, "half a minute passes")
    assert rekognition.total() == made  # no call without an intent
    network.mend()
    whole(scan, rekognition, redis, undisturbed)
    assert rekognition.total() == CALLS  # the holders came back to what they held


def test_silent_connections_to_rekognition_are_given_up_their_calls_marked_and_asked_again(
    photos: Path, tmp_path: Path, rekognition: Emulator, undisturbed: Tables
) -> None:
    with proxy(rekognition.url) as network:
        scan = start(photos, tmp_path / "home", f"http://{network.address}", REKSCAN_READ_TIMEOUT="3")
        until(lambda: rekognition.total() > 30, "some calls are made", seconds=120)
        network.silence()
        until(network.held, "calls wait for an answer")
        network.mend()
        status = scan.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", CALLS)
    found = tables(scan.home)
    same_tables(found, undisturbed, "images", "faces")
    assert asked_twice_is_marked(found, rekognition) == status["calls"]["maybe_billed"] > 0
