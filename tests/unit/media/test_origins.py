"""How far an original is read, and how many that turn out larger than foreseen at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from jobs.media.origins import read_original
from tests.support.pictures import encoded, picture

JPEG = encoded(picture(), "JPEG")
LARGE = 12 << 20  # bytes
FORESEEN = 8 << 20


class Stream:
    """A JPEG with zeros behind it, a mebibyte a time. `beyond` is called at each read of more than is foreseen."""

    def __init__(self, beyond: Callable[["Stream"], object]) -> None:
        self._left = memoryview(JPEG + bytes(LARGE - len(JPEG)))
        self._beyond = beyond

    def read(self, count: int) -> bytes:
        data, self._left = self._left[: min(count, 1 << 20)], self._left[min(count, 1 << 20) :]
        if len(self._left) < LARGE - FORESEEN - 1:
            self._beyond(self)
        return bytes(data)

    @property
    def over(self) -> bool:
        return not self._left


def test_originals_larger_than_foreseen_are_read_two_at_a_time() -> None:
    lock, reading, most = threading.Lock(), set[Stream](), [0]

    def beyond(stream: Stream) -> None:
        with lock:
            (reading.discard if stream.over else reading.add)(stream)
            most[0] = max(most[0], len(reading))

    with ThreadPoolExecutor(6) as threads:
        read = list(threads.map(lambda _: read_original(Stream(beyond), None, None, reserved=FORESEEN), range(6)))
    assert {found.size for found in read} == {LARGE}
    assert 1 <= most[0] <= 2


def test_those_that_were_foreseen_wait_for_nobody() -> None:
    all_at_once = threading.Barrier(3, timeout=60)
    with ThreadPoolExecutor(3) as threads:
        read = threads.map(
            lambda _: read_original(Stream(lambda _: all_at_once.wait()), LARGE, None, reserved=LARGE), range(3)
        )
        assert {found.size for found in read} == {LARGE}
