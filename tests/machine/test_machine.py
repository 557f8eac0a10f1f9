"""Five hundred runs of the machine, in two processes."""

from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from itertools import chain

import pytest

from tests.machine.apart import apart
from tests.machine.run import machine
from tests.machine.search import stories, told
from tests.machine.world import Story

_RUNS = 500
_PIECES = 10  # tests
_HALVES = 2


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with apart(_HALVES) as made:
        yield made


@pytest.mark.timeout(600)
@pytest.mark.parametrize("piece", range(_PIECES))
def test_every_promise_holds_in_any_order(pool: Executor, piece: int) -> None:
    seeds = range(1 + piece, _RUNS + 1, _PIECES)
    halves = [seeds[half::_HALVES] for half in range(_HALVES)]
    broken = list(chain.from_iterable(pool.map(partial(stories, shrinks=1), halves)))
    assert not broken, "\n".join(map(told, broken))


def _stories(seeds: list[int]) -> list[Story]:
    with machine() as made:
        return [made.run(seed) for seed in seeds]


def test_a_run_is_its_seed(pool: Executor) -> None:
    forwards, backwards = pool.map(_stories, ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]))
    assert forwards == backwards[::-1]
