"""When a call is tried again, and after how long: tenacity's `stop` and `wait`."""

from collections.abc import Callable

from tenacity import RetryCallState, wait_random_exponential

from jobs.aws.faults import Fault, Kind

# Tries of one call by what went wrong. Throttles are many: the gate slows down until they stop.
TRIES = {Kind.THROTTLED: 30, Kind.AWAY: 12, Kind.TRANSIENT: 6, Kind.UNKNOWN: 3}


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
