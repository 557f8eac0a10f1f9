"""Five hundred runs of the machine, in two halves, so that they can run side by side."""

import pytest

from tests.machine.__main__ import shortened, told
from tests.machine.run import machine

_RUNS = 500
_PIECES = 10


@pytest.mark.parametrize("piece", range(_PIECES))
def test_every_promise_holds_in_any_order(piece: int) -> None:
    with machine() as made:
        for seed in range(1 + piece, _RUNS + 1, _PIECES):
            story = made.run(seed)
            if story.broken is not None:
                pytest.fail(told(shortened(made, story)))


def test_a_run_is_its_seed() -> None:
    with machine() as one:
        first = [one.run(seed) for seed in range(1, 6)]
    with machine() as other:
        again = [other.run(seed) for seed in range(5, 0, -1)]
    assert first == again[::-1]
