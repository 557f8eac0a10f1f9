"""Looking for runs that break a rule, and telling them."""

from collections.abc import Iterable
from functools import partial

from tests.machine.run import Machine, machine
from tests.machine.shrink import shrink
from tests.machine.world import Story


def stories(seeds: Iterable[int], shrinks: int) -> list[Story]:
    """The runs of these seeds that broke a rule; `shrinks` of them made short."""
    found: list[Story] = []
    with machine() as made:
        for seed in seeds:
            story = made.run(seed)
            if story.broken is not None:
                found.append(shortened(made, story) if len(found) < shrinks else story)
    return found


def shortened(made: Machine, story: Story) -> Story:
    return shrink(story, partial(made.run, story.seed))


def told(story: Story) -> str:
    choices = ", ".join(f"{name}={value}" for name, value in story.taken.items())
    return "\n".join([f"seed {story.seed}: {story.broken}", *story.events, f"choices: {choices}", ""])
