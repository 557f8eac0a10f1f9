"""The machine finds faults that rekscan had, each within its ordinary number of runs."""

from collections.abc import Iterator
from concurrent.futures import Executor
from itertools import chain

import pytest

from tests.machine.apart import apart
from tests.machine.invariants import Broken
from tests.machine.mutations import ALL, mutated
from tests.machine.run import machine

_RUNS = 500


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with apart() as made:
        yield made


def _first(name: str) -> Broken | None:
    """The run that found it last time may do so again; that one is looked at first."""
    with machine() as made, mutated(name):
        found = (made.run(seed).broken for seed in chain([ALL[name].seed], range(1, _RUNS + 1)))
        return next((broken for broken in found if broken is not None), None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ALL)
def test_the_machine_finds_it(pool: Executor, name: str) -> None:
    broken = pool.submit(_first, name).result()
    assert broken is not None, f"not found in {_RUNS} runs"
    assert broken.rule in ALL[name].rules
