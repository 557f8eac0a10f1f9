"""The event loop on which a worker's calls wait: a call that waits for AWS costs a few kilobytes, and no thread."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

_THREADS = 16  # for what must block: connecting, the gate's round trips, serializing large pictures


class EventLoop:
    """One per process, run by a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="loop"))
        self._thread = threading.Thread(target=self.loop.run_forever, name="calls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop it; who still waits for something there gets CancelledError."""
        asyncio.run_coroutine_threadsafe(_cancel_all(), self.loop)
        self._thread.join(timeout=5)


async def _cancel_all() -> None:
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop.call_soon(loop.stop)
