"""A `rekscan` command that has no memory just when it reads some answers: `-m tests.faults.short_of_memory worker`."""

from itertools import count
from typing import Any

from jobs.aws.lean.methods import Wire
from rekscan.cli import main

ANSWERS = (10, 25)  # the numbers of those answers
_read = Wire._read
_numbers = count(1)


def _read_or_not(self: Wire, answer: Any, model: Any) -> Any:
    if next(_numbers) in ANSWERS:
        raise MemoryError
    return _read(self, answer, model)


Wire._read = _read_or_not  # type: ignore[method-assign]
main()
