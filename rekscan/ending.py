"""Ctrl-C and SIGTERM: a command ends within seconds, whatever it waits for.

Rule: the first one raises KeyboardInterrupt, so that everything started is stopped in order. What does not let go
(threads that wait for a server) is left behind after `SECONDS`; stopping workers has its own time, `in_order`.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 5.0
_LOOK = 0.1

_stopping = 0  # blocks of `in_order` under way
_told = threading.Event()


def end_when_told() -> None:
    """From now on, in this process. Called by the program's main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # of `nohup`, or in the background of a script
            signal.signal(number, _interrupt)


@contextmanager
def in_order() -> Iterator[None]:
    """In this block what was started is stopped, in times that are bounded there."""
    global _stopping
    _stopping += 1
    try:
        yield
    finally:
        _stopping -= 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _told.is_set():
        _told.set()
        threading.Thread(target=_leave, daemon=True).start()
    raise KeyboardInterrupt


def _leave() -> None:
    left = SECONDS
    while left > 0:
        time.sleep(_LOOK)
        left = SECONDS if _stopping else left - _LOOK
    sys.stderr.flush()
    os._exit(130)
