"""When a call is tried again, and after how long: tenacity's `stop` and `wait`."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from jobs.aws.faults import Fault, Kind

# Tries of one call by what went wrong. Throttles are many: the gate slows down until they stop.
TRIES = {Kind.THROTTLED: 30, Kind.AWAY: 12, Kind.TRANSIENT: 6, Kind.UNKNOWN: 3, Kind.STRANGE: 1}


Found = TypeVar("Found")


class TryAgain(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def tries_used_up() -> Callable[[RetryCallState], bool]:
    counts: dict[Kind, int] = {}

    def used_up(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, TryAgain):
            return False
        kind = error.fault.kind
        counts[kind] = counts.get(kind, 0) + 1
        return counts[kind] >= TRIES[kind]

    return used_up


_backoff = wait_random_exponential(multiplier=0.2, max=10)


def pause(state: RetryCallState) -> float:
    """Throttled calls only queue at the gate again, with a little jitter; others back off exponentially."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TryAgain) and error.fault.kind is Kind.THROTTLED:
        return min(0.1 * state.attempt_number, 2.0)
    return float(_backoff(state))


async def persistently(once: Callable[[], Awaitable[Found]], sleep: Callable[[float], Awaitable[None]]) -> Found:
    """What `once` gives, asked again while it raises TryAgain; the last of these when its tries are used up."""
    try:
        return await once()
    except TryAgain as fault:
        first: list[TryAgain] = [fault]

    async def again() -> Found:
        """What tenacity tries: first the attempt that has just failed. Most need none, and save its cost."""
        if first:
            raise first.pop()
        return await once()

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(TryAgain), stop=tries_used_up(), wait=pause, sleep=sleep, reraise=True
    )
    return await retrying(again)
