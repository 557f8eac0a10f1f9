"""What rows say of the attempts behind them."""

import pytest

from jobs.outcomes import Outcome
from workers.calls.rows import owned_up

ANSWERED = Outcome(7, "labels", "ok", attempts=1, units=1)
FAILED = Outcome(7, "labels", "failed", attempts=2, maybe_billed=2)


@pytest.mark.parametrize(
    ("row", "marks", "attempts", "maybe_billed"),
    [
        (ANSWERED, "b", 1, 0),
        (ANSWERED, "nb", 2, 0),
        (ANSWERED, "bb", 2, 1),  # asked again before the late answer came
        (ANSWERED, "bm", 2, 1),  # the one who asked again died over it
        (ANSWERED, "bn", 2, 0),
        (ANSWERED, "", 1, 0),  # a journal that lost its intents takes nothing back
        (FAILED, "uu", 2, 2),
        (FAILED, "uum", 3, 3),
    ],
)
def test_a_kept_answer_owns_up_to_attempts_made_beside_it(
    row: Outcome, marks: str, attempts: int, maybe_billed: int
) -> None:
    (found,) = owned_up([row], marks)
    assert (found.attempts, found.maybe_billed, found.units) == (attempts, maybe_billed, row.units)
