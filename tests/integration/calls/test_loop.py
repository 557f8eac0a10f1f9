"""The event loop that a worker's calls wait on."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from workers.calls.loop import EventLoop


def test_who_waits_on_a_loop_that_closes_does_not_wait_for_ever() -> None:
    running = EventLoop()
    begun = threading.Event()

    async def forever() -> None:
        begun.set()
        await asyncio.Event().wait()

    waiting = asyncio.run_coroutine_threadsafe(forever(), running.loop)
    assert begun.wait(10)
    running.close()
    with pytest.raises(CancelledError):
        waiting.result(10)
