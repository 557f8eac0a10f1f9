"""What rows say of the attempts behind them."""

import pytest

from jobs.attempts import Attempts, Tried
from jobs.outcomes import Outcome, with_attempts
from workers.calls.rows import with_all_attempts


def made(holder: str, marks: str) -> Attempts:
    return Attempts.of(holder, *(Tried(mark, "2026-11") for mark in marks))  # type: ignore[arg-type]


ANSWERED = with_attempts(Outcome(7, "labels", "ok"), made("one", "b"))
FAILED = with_attempts(Outcome(7, "labels", "failed"), made("one", "uu"))


@pytest.mark.parametrize(
    ("row", "marks", "attempts", "maybe_billed"),
    [
        (ANSWERED, "", 1, 0),  # a journal that lost its intents takes nothing back
        (ANSWERED, "n", 2, 0),
        (ANSWERED, "b", 2, 1),  # asked again before the late answer came
        (ANSWERED, "m", 2, 1),  # the one who asked again died over it
        (ANSWERED, "tn", 3, 0),
        (FAILED, "", 2, 2),
        (FAILED, "m", 3, 3),
    ],
)
def test_a_kept_answer_owns_up_to_attempts_made_beside_it(
    row: Outcome, marks: str, attempts: int, maybe_billed: int
) -> None:
    (found,) = with_all_attempts([row], {"labels": made("other", marks)})
    assert (found.attempts, found.maybe_billed, found.units) == (attempts, maybe_billed, row.units)
