"""The machine finds faults that rekscan had, each within its ordinary number of runs."""

import pytest

from tests.machine.apart import apart
from tests.machine.invariants import Broken
from tests.machine.mutations import ALL, mutated
from tests.machine.run import machine

_RUNS = 500


def _first(name: str) -> Broken | None:
    with machine() as made, mutated(name):
        stories = (made.run(seed) for seed in range(1, _RUNS + 1))
        return next((story.broken for story in stories if story.broken is not None), None)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ALL)
def test_the_machine_finds_it(name: str) -> None:
    broken = apart(_first, name)
    assert broken is not None, f"not found in {_RUNS} runs"
    assert broken.rule in ALL[name].rules
