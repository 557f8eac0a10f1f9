"""Refusals of single pictures: the pictures' own trouble, or everybody's?

Rule: where any picture of a request was not refused, a refusal is that picture's alone. Only a streak from the start,
of `ENOUGH` pictures and no other, is the job's (a permission that is missing, a wrong bucket). Until one of both is
known, a refusal is no verdict: the rows are made once all calls of the shard are over.
"""

from collections.abc import Callable

from jobs.aws.faults import Fault
from jobs.outcomes import Outcome

ENOUGH = 10  # pictures: one or two without rights are common, ten at the start are no chance


class Undecided(Exception):
    """A call failed, and it is not known yet whose trouble it is. `keep`: keeps its failed rows, and gives them."""

    def __init__(self, fault: Fault, keep: Callable[[], list[Outcome]]) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.keep = keep


class Streak:
    """Of one request of one job in this process."""

    def __init__(self) -> None:
        self._refused = 0
        self.over = False  # some picture was not refused

    def end(self) -> None:
        self.over = True

    def refused(self) -> bool:
        """One more; whether all are."""
        self._refused += 1
        return not self.over and self._refused >= ENOUGH
