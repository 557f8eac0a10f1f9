"""A failing run made short: choices are taken back as long as the same rule stays broken.

Rule: a choice taken back is 0, what happens when nothing is wrong; the others stay what they are (tape.py).
"""

from collections.abc import Callable, Hashable
from itertools import chain

from tests.machine.world import Story

Run = Callable[[frozenset[Hashable]], Story]


def shrink(story: Story, run: Run, *, tries: int = 400) -> Story:
    """The shortest story found in so many runs. `run`: the same seed with only these choices."""
    best, left = story, tries
    pieces = 2
    while left > 0:
        choices = list(best.taken)
        size = max(1, -(-len(choices) // pieces))
        shorter = None
        for start in range(0, len(choices), size):
            if left <= 0:
                break
            left -= 1
            kept = frozenset(chain(choices[:start], choices[start + size :]))
            found = run(kept)
            if _same(found, best):
                shorter = found
                break
        if shorter is not None:
            best, pieces = shorter, max(2, pieces - 1)
        elif size == 1:
            return best
        else:
            pieces = min(len(choices), pieces * 2)
    return best


def _same(found: Story, other: Story) -> bool:
    return found.broken is not None and other.broken is not None and found.broken.rule == other.broken.rule
