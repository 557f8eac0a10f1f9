"""Conditions tried out on answers that are there: on how many images they hold, and what they would miss. Pure.

Rule: an image of which no answer came is one that is not asked, as in a scan; one whose answer was left out under
another condition says nothing, and widens what is said. One that takes another's answer (--near) is no call to count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.apis import Choice, requests
from jobs.conditions.asking import sources_first
from jobs.conditions.holding import is_due
from jobs.conditions.reading import parse
from jobs.conditions.tree import reads

Calls = Mapping[str, Mapping[str, Any] | None]  # what was asked about one image, by API: its answer, if there is one


@dataclass(frozen=True, slots=True)
class Sampled:
    """One image of a sample. `follows`: in the plan it takes the answers of another, of APIs that let it."""

    calls: Calls
    follows: bool = False


@dataclass(slots=True)
class Tried:
    """One API, by the images of a sample: of those that follow, only what is found and missed counts. One without a
    condition holds where it was answered, of the images that it was asked about."""

    api: str
    when: str  # "": it is always asked
    inherits: bool = False  # a picture may take the answer of one that looks like it
    seen: int = 0  # images looked at
    of: int = 0  # those of them that take no other's answer
    held: int = 0  # on so many it holds
    open: int = 0  # of so many nothing can be said
    found: int = 0  # rows of the API's table
    missed: int = 0  # those of images on which it does not hold
    found_in: int = 0  # images with such rows
    missed_in: int = 0  # those on which it does not hold
    unasked: int = 0  # images on which it does not hold and the API was not asked: what it would miss is not known
    held_by_group: list[int] = field(default_factory=list)  # by group of images, where they were drawn in groups


def try_out(choices: Sequence[Choice], groups: Iterable[Iterable[Sampled]]) -> tuple[Tried, ...]:
    """Each of `choices`, those of the bundled models among them, on images that come in groups."""
    ordered = [choice for request in sources_first(requests(choices)) for choice in request.choices]
    tried = {choice.api.name: Tried(choice.api.name, choice.when, choice.inherits) for choice in ordered}
    for group in groups:
        before = {name: one.held for name, one in tried.items()}
        for image in group:
            _look_at(image, ordered, tried)
        for name, one in tried.items():
            one.held_by_group.append(one.held - before[name])
    return tuple(tried.values())


def _look_at(image: Sampled, ordered: Sequence[Choice], tried: Mapping[str, Tried]) -> None:
    calls = image.calls
    answers: dict[str, Mapping[str, Any] | None] = {}
    undecided: set[str] = set()  # APIs whose answer another condition left out
    for choice in ordered:
        name = choice.api.name
        answer = calls.get(name)
        if choice.when:
            one, held = tried[name], is_due(parse(choice.when), answers)
            is_open = held is None and bool(undecided & reads(parse(choice.when)))
            if not (image.follows and choice.inherits):
                one.of += 1
                one.held += bool(held)
                one.open += is_open
            one.seen += 1
            one.unasked += not held and name not in calls
            _count_rows(one, choice, answer, missed=not held and not is_open)
            if not held:
                answers[name] = {} if held is False else None
                undecided |= {name} if is_open else set()
                continue
        answers[name] = answer
        if name not in calls:
            undecided.add(name)
        elif not (choice.when or (image.follows and choice.inherits)):
            tried[name].of += 1
            tried[name].held += answer is not None


def _count_rows(one: Tried, choice: Choice, answer: Mapping[str, Any] | None, *, missed: bool) -> None:
    rows = sum(1 for _ in choice.api.rows(answer)) if answer is not None else 0
    one.found += rows
    one.found_in += rows > 0
    one.missed += rows * missed
    one.missed_in += missed and rows > 0
