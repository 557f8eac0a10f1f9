"""The machine finds faults that rekscan had, each within its ordinary number of runs, and makes the story short."""

import pytest

from tests.machine.mutations import ALL, mutated
from tests.machine.run import machine

_RUNS = 500


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ALL)
def test_the_machine_finds_it(name: str) -> None:
    with machine() as made, mutated(name) as rules:
        stories = (made.run(seed) for seed in range(1, _RUNS + 1))
        broken = next((story.broken for story in stories if story.broken is not None), None)
    assert broken is not None, f"not found in {_RUNS} runs"
    assert broken.rule in rules
