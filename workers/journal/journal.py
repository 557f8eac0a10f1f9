"""Group commit: many calls' journal entries in one round trip to Redis.

Rule: `begin` returns only when the intent stands in Redis (or was refused); `settle` returns at once, and `flush` waits
until everything of a lease is written. While Redis is away both wait for it: no call is paid for without an intent.
"""

import asyncio
import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Future

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobs.ledger import Attempt, Lease, Ledger
from jobs.ledger.server import explain

log = logging.getLogger(__name__)

# Seconds between round trips while there is traffic: entries gather meanwhile, at a few hundredths of a call's latency.
_BREATH = 0.01

_LAST_WAIT = 10.0  # seconds a process that is to end waits for a Redis that is away


_Begin = tuple[Lease, tuple[str, str, int], "asyncio.Future[str]"]


class Journal:
    """One per process. Call `close` before exit."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._begins: list[_Begin] = []
        self._settles: list[tuple[Lease, Attempt]] = []
        self._flushes: list[Future[None]] = []
        self._wake = threading.Condition()
        self._closed = False
        self._give_up_at = math.inf  # time.monotonic()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    async def begin(self, lease: Lease, call: str, request: str, attempt: int) -> str:
        """Ask the door for one call: `go`, `wait`, or why not."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        with self._wake:
            self._begins.append((lease, (call, request, attempt), answer))
            self._wake.notify()
        return await answer

    def settle(self, lease: Lease, attempt: Attempt) -> None:
        with self._wake:
            self._settles.append((lease, attempt))
            self._wake.notify()

    def flush(self) -> None:
        """Wait until everything settled so far is written."""
        future: Future[None] = Future()
        with self._wake:
            self._flushes.append(future)
            self._wake.notify()
        future.result()

    def stop(self) -> None:
        """The process is to end: a Redis that is away is waited for some seconds only."""
        self._give_up_at = min(self._give_up_at, time.monotonic() + _LAST_WAIT)

    def close(self) -> None:
        self.stop()
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        written = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._begins or self._settles or self._flushes or self._closed)
            if (breath := written + _BREATH - time.monotonic()) > 0:
                time.sleep(breath)
            with self._wake:
                begins, self._begins = self._begins, []
                settles, self._settles = self._settles, []
                flushes, self._flushes = self._flushes, []
                if self._closed and not (begins or settles or flushes):
                    return
            delay = 0.05
            while not self._try(begins, settles):
                if time.monotonic() > self._give_up_at:
                    # The process ends and Redis does not come back: what was in flight stays maybe billed.
                    _answer((answer, "stopping") for _, _, answer in begins)
                    break
                time.sleep(delay)
                delay = min(delay * 2, 2.0)
            written = time.monotonic()
            for flush in flushes:
                flush.set_result(None)

    def _try(self, begins: list[_Begin], settles: list[tuple[Lease, Attempt]]) -> bool:
        try:
            return self._write(begins, settles)
        except MemoryError:
            log.error("no memory to write to Redis; waiting")
            return False

    def _write(self, begins: list[_Begin], settles: list[tuple[Lease, Attempt]]) -> bool:
        """One round trip. False when Redis is away: the same entries can be written again, the scripts know them."""
        settled: defaultdict[Lease, list[Attempt]] = defaultdict(list)
        for lease, attempt in settles:
            settled[lease].append(attempt)
        asked: defaultdict[Lease, list[_Begin]] = defaultdict(list)
        for begin in begins:
            asked[begin[0]].append(begin)
        pipe = self._ledger.redis.pipeline(transaction=False)
        for lease, attempts in settled.items():
            self._ledger.settle(lease, attempts, pipe)
        for lease, calls in asked.items():
            self._ledger.begin(lease, (call for _, call, _ in calls), pipe)
        # redis-py would ask before each pipeline whether the server knows the scripts: a round trip of its own.
        scripts, pipe.scripts = pipe.scripts, set()
        try:
            try:
                replies = pipe.execute()
            except NoScriptError:  # it was started again; it may be away again, too
                for script in scripts:
                    self._ledger.redis.script_load(script.script)
                return False
        except (RedisConnectionError, RedisTimeoutError) as error:
            log.warning("%s Calls wait for it.", explain(error))
            return False
        except RedisError as error:  # out of memory, read-only replica: nothing may be paid for, so stop asking
            log.error("%s Calls wait for it.", explain(error))
            return False
        words = [word.decode() for several in replies[len(settled) :] for word in several]
        _answer(zip((answer for calls in asked.values() for _, _, answer in calls), words, strict=True))
        return True


def _answer(answers: "Iterable[tuple[asyncio.Future[str], str]]") -> None:
    """Hand answers to the event loop that waits for them, all with one wake-up."""
    found = list(answers)

    def hand_over() -> None:
        for future, word in found:
            if not future.done():
                future.set_result(word)

    if found:
        found[0][0].get_loop().call_soon_threadsafe(hand_over)
