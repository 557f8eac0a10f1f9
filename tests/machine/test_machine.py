"""Five hundred runs of the machine. In processes of their own: the machine's names stay in a process for good."""

import pytest

from tests.machine.apart import apart
from tests.machine.run import machine
from tests.machine.search import stories, told
from tests.machine.world import Story

_RUNS = 500
_PIECES = 10


@pytest.mark.timeout(900)
@pytest.mark.parametrize("piece", range(_PIECES))
def test_every_promise_holds_in_any_order(piece: int) -> None:
    broken = apart(stories, range(1 + piece, _RUNS + 1, _PIECES), shrinks=1)
    assert not broken, "\n".join(map(told, broken))


def _stories(seeds: list[int]) -> list[Story]:
    with machine() as made:
        return [made.run(seed) for seed in seeds]


def test_a_run_is_its_seed() -> None:
    first = apart(_stories, [1, 2, 3, 4, 5])
    assert first == apart(_stories, [5, 4, 3, 2, 1])[::-1]
