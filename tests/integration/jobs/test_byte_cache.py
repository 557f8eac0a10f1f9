import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.byte_cache import Store
from tests.support.waiting import until


def store(cap: int, **options: int) -> Store[bytes]:
    return Store(cap, len, lambda value: not value.startswith(b"no"), **options)


def test_a_value_is_loaded_once_while_it_is_used_and_kept_while_there_is_room() -> None:
    kept = store(10)
    loads: list[str] = []

    def load(name: str, size: int) -> bytes:
        loads.append(name)
        return bytes(size)

    with kept.get("a", lambda: load("a", 6), size=6), kept.get("a", lambda: load("a", 6), size=6):
        assert kept.used == 6
    with kept.get("a", lambda: load("a", 6), size=6):
        pass
    assert loads == ["a"]
    with kept.get("b", lambda: load("b", 6), size=6):
        assert kept.used == 6  # `a` had to go
    with kept.get("a", lambda: load("a", 6), size=6):
        pass
    assert loads == ["a", "b", "a"]


def test_unused_values_take_no_more_than_their_share() -> None:
    kept = store(100, spare=10)
    for name in range(10):
        with kept.get(name, lambda: bytes(8), size=8):
            pass
    assert kept.used == 8


def test_a_value_that_does_not_last_is_loaded_again() -> None:
    kept = store(10)
    for _ in range(2):
        with kept.get("a", lambda: b"no luck") as value:
            assert value == b"no luck"
    with kept.get("a", lambda: b"found") as value:
        assert value == b"found"


def test_an_error_reaches_its_caller_and_leaves_nothing() -> None:
    kept = store(10)

    def fail() -> bytes:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), kept.get("a", fail, size=9):
        pass
    assert kept.used == 0
    with kept.get("a", lambda: b"x", size=9) as value:
        assert value == b"x"


def test_the_cap_holds_whatever_the_threads_do() -> None:
    kept = store(1000)
    worst, lock = [0], threading.Lock()

    def use(number: int) -> None:
        size = (number * 37) % 400 + 1
        with kept.get(number % 17, lambda: bytes(size), size=size), lock:
            worst[0] = max(worst[0], kept.used)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(use, range(2000)))
    # A value of the same key may have been loaded with another size than this caller expected.
    assert worst[0] <= 1000
    assert kept.used <= 1000


def test_who_waits_for_room_gets_it() -> None:
    kept = store(10)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with kept.get("a", lambda: bytes(10), size=10):
            holding.set()
            done.wait(60)

    def want() -> int:
        with kept.get("b", lambda: bytes(10), size=10) as value:
            return len(value)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(hold)
        until(holding.is_set, "the store is full")
        second = threads.submit(want)
        assert not second.done()
        done.set()
        assert second.result(60) == 10
        first.result(60)
