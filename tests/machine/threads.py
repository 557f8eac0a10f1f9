"""Threads that are greenlets: product code starts them, waits and sleeps as ever, and the scheduler says who goes on.

Rule: exactly one of them runs, until it meets a seam or waits; then the scheduler takes the next. One whose owner died
never runs again, so no `except` and no `finally` of it can touch the world.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

_Found = TypeVar("_Found")


class Killed(BaseException):
    """The process of this thread is dead."""


@dataclass(eq=False)
class Process:
    """What is frozen, thawed and killed as one."""

    name: str
    frozen: bool = False
    dead: bool = False
    stopped: bool = field(default=False)  # was told to end


class Thread(greenlet):
    """A thread of a simulated process."""

    def __init__(self, scheduler: "Scheduler", process: Process, name: str, work: Callable[[], object]) -> None:
        super().__init__(work, scheduler.hub)
        self.scheduler = scheduler
        self.process = process
        self.name = name
        self.at = "start"  # the seam it stands at
        self.until: Callable[[], object] | None = None
        self.when: float | None = None
        self.thrown: BaseException | None = None  # raised where it stands

    def ready(self, now: float) -> bool:
        if self.process.frozen:
            return False
        when, until = self.when, self.until
        if when is None:
            return until is None or self.thrown is not None or bool(until())
        return now >= when or self.thrown is not None or (until is not None and bool(until()))


_BEGIN = 1000.0  # of time.monotonic()
_PROBES, _FAR = 4, 7919  # most threads wait: a few are tried before all are asked


class Scheduler:
    """The threads of one run and its clock. `now` is what time.monotonic() says, `wall` are seconds since 1970."""

    def __init__(self, start: float) -> None:
        self.hub = getcurrent()
        self.now = _BEGIN
        self._start = start
        self.threads: list[Thread] = []
        self.last: Thread | None = None
        self.over = False
        self.crashed: list[tuple[Thread, BaseException]] = []
        self.loops: list[Loop] = []

    @property
    def wall(self) -> float:
        return self._start + self.now - _BEGIN

    def leap(self, seconds: float) -> None:
        """The calendar moves, and nobody's time.monotonic()."""
        self._start += seconds

    def spawn(self, process: Process, name: str, work: Callable[[], object]) -> Thread:
        thread = Thread(self, process, name, partial(self._run, work))
        self.threads.append(thread)
        return thread

    def _run(self, work: Callable[[], object]) -> None:
        thread = getcurrent()
        assert isinstance(thread, Thread)
        try:
            work()
        except Killed:
            pass
        except BaseException as error:
            self.crashed.append((thread, error))

    def next(self, drawn: int) -> Thread | None:
        """Of those that can go on a drawn one; 0: the one that ran last, or else the first."""
        now, last = self.now, self.last
        if drawn == 0:
            if last is not None and not last.dead and last.ready(now):
                return last
            for thread in self.threads:
                if thread.ready(now):
                    return thread
            return None
        threads = self.threads
        for probe in range(_PROBES if threads else 0):
            thread = threads[(drawn + probe * _FAR) % len(threads)]
            if thread.ready(now):
                return thread
        found = [thread for thread in threads if thread.ready(now)]
        return found[drawn % len(found)] if found else None

    def times(self) -> list[float]:
        """When those wake up that wait for the clock."""
        return [t.when for t in self.threads if t.when is not None and not t.process.frozen]

    def step(self, thread: Thread) -> None:
        """Let one go on to its next seam."""
        self.last = thread
        thread.switch()
        if thread.dead:
            self.threads.remove(thread)

    def kill(self, process: Process) -> None:
        process.dead = True
        gone = [thread for thread in self.threads if thread.process is process]
        self.threads = [thread for thread in self.threads if thread.process is not process]
        for thread in gone:
            _end(thread)

    def end(self) -> None:
        """Nothing runs any more."""
        self.over = True
        threads, self.threads = self.threads, []
        for thread in threads:
            thread.process.dead = True
        for thread in threads:
            _end(thread)
        for loop in self.loops:
            loop.close()


def _end(thread: Thread) -> None:
    """Unwind what a dead thread has on its stack; whatever it tries to do on the way raises Killed again."""
    while thread:  # one that has not started is none yet
        thread.throw(Killed)


def current() -> Thread | None:
    """The simulated thread we are in."""
    found = getcurrent()
    return found if isinstance(found, Thread) else None


def park(at: str, until: Callable[[], object] | None = None, when: float | None = None) -> None:
    """Stop here until the scheduler goes on with us."""
    me = current()
    assert me is not None
    _park(me, at, until, when)


def _park(me: Thread, at: str, until: Callable[[], object] | None = None, when: float | None = None) -> None:
    if me.process.dead:
        raise Killed
    me.at, me.until, me.when = at, until, when
    loop = asyncio._get_running_loop()
    if loop is None:
        me.scheduler.hub.switch()
    else:
        asyncio._set_running_loop(None)
        try:
            me.scheduler.hub.switch()
        finally:
            asyncio._set_running_loop(loop)
    me.until = me.when = None
    if me.process.dead:
        raise Killed
    if me.thrown is not None:
        thrown, me.thrown = me.thrown, None
        raise thrown


def seam(at: str) -> None:
    """A place where others may go first."""
    me = getcurrent()
    if isinstance(me, Thread):
        _park(me, at)


def outside(work: Callable[[], _Found]) -> _Found:
    """Do something to the end: no seam of it is a place to switch."""
    found: list[_Found] = []
    greenlet(lambda: found.append(work())).switch()
    return found[0]


def sleep(seconds: float) -> None:
    me = current()
    if me is not None:
        park("sleeps", when=me.scheduler.now + max(seconds, 0))


# --- what threading, concurrent.futures and asyncio offer, for simulated threads


def _deadline(timeout: float | None) -> float | None:
    me = current()
    assert me is not None
    return None if timeout is None else me.scheduler.now + timeout


_event_wait = threading.Event.wait
_wait_for = threading.Condition.wait_for
_result = Future.result
_start = threading.Thread.start
_join = threading.Thread.join


def _wait_for_event(self: threading.Event, timeout: float | None = None) -> bool:
    if current() is None:
        return _event_wait(self, timeout)
    if not self.is_set():
        park("waits", self.is_set, _deadline(timeout))
    return self.is_set()


def _wait_for_condition(self: threading.Condition, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
    if current() is None:
        return _wait_for(self, predicate, timeout)
    if not predicate():
        park("waits", predicate, _deadline(timeout))
    return predicate()


def _wait_for_result(self: "Future[Any]", timeout: float | None = None) -> Any:
    if current() is not None and not self.done():
        park("waits for a result", self.done, _deadline(timeout))
        if not self.done():
            raise TimeoutError
    return _result(self, timeout)


def _start_thread(self: threading.Thread) -> None:
    me = current()
    if me is None:
        return _start(self)
    self.greenlet = me.scheduler.spawn(me.process, self.name, self.run)  # type: ignore[attr-defined]
    return None


def _join_thread(self: threading.Thread, timeout: float | None = None) -> None:
    me = current()
    if me is None:
        return _join(self, timeout)
    started = self.greenlet  # type: ignore[attr-defined]
    if not started.dead:
        park("joins", lambda: started.dead, _deadline(timeout))
    return None


def simulate_threads() -> None:
    """Let threads started by simulated threads be simulated ones. Everybody else's stay what they are."""
    threading.Event.wait = _wait_for_event  # type: ignore[method-assign]
    threading.Condition.wait_for = _wait_for_condition  # type: ignore[method-assign]
    Future.result = _wait_for_result  # type: ignore[method-assign]
    threading.Thread.start = _start_thread  # type: ignore[method-assign]
    threading.Thread.join = _join_thread  # type: ignore[method-assign]


class Lock:
    """threading.Lock."""

    def __init__(self) -> None:
        self._taken = False

    def acquire(self) -> bool:
        if self._taken:
            park("waits for a lock", lambda: not self._taken)
        self._taken = True
        return True

    def release(self) -> None:
        self._taken = False

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class InlineExecutor:
    """ThreadPoolExecutor: what it is given is done where it is asked for."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(self, work: Callable[..., Any], *lists: Any) -> Any:
        return map(work, *lists)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass

    def __enter__(self) -> "InlineExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Selector(selectors.SelectSelector):
    """Never looks at a socket: a loop here is woken by call_soon_threadsafe or the clock."""

    loop: "Loop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout <= 0:
            return []
        when = None if timeout is None else self.loop.scheduler.now + timeout
        park("loop waits", lambda: self.loop.rung, when)
        self.loop.rung = False
        return []


class Loop(asyncio.SelectorEventLoop):
    """An event loop of a simulated thread: on the simulated clock, its executors are simulated threads."""

    def __init__(self) -> None:
        me = current()
        assert me is not None
        self.scheduler = me.scheduler
        self.process = me.process
        self.rung = False
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self.thread = me
        self.set_exception_handler(_noted)
        me.scheduler.loops.append(self)

    def _make_self_pipe(self) -> None:
        """No socket wakes it."""
        self._internal_fds = 0

    def _close_self_pipe(self) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def time(self) -> float:
        return self.scheduler.now

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        if self.process.dead:  # what a dead task's `finally` wants
            return asyncio.Handle(callback, args, self, context)
        return super().call_soon(callback, *args, context=context)

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        self.rung = True
        return super().call_soon_threadsafe(callback, *args, context=context)

    def set_default_executor(self, executor: Any) -> None:
        pass

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        future = self.create_future()

        def hand_over(result: Any, error: Exception | None) -> None:
            if not future.done():
                future.set_result(result) if error is None else future.set_exception(error)

        def work() -> None:
            result, failed = None, None
            try:
                result = func(*args)
            except Exception as error:
                failed = error
            self.call_soon_threadsafe(hand_over, result, failed)

        self.scheduler.spawn(self.process, "executor", work)
        return future


def _noted(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a loop would log: an error nobody caught is a crash, a task of a dead process is none."""
    assert isinstance(loop, Loop)
    if "exception" in context and not loop.process.dead:
        loop.scheduler.crashed.append((loop.thread, context["exception"]))
