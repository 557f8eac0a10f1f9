"""Waiting for a fact: polls with a deadline, so that a slow machine is only slow."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(fact: Callable[[], T], what: str, *, seconds: float = 60) -> T:
    """The fact's first true value. Fails when it has none within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
