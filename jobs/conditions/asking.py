"""`--when`: the conditions of a scan on its choices, and the order in which answers are needed.

Rule: what a condition reads is asked too, and nothing waits for itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from jobs.apis import Asked, Choice, Request, local_catalogue, video_catalogue
from jobs.conditions.reading import parse
from jobs.conditions.tree import reads
from jobs.errors import UsageError


def conditioned(asked: Asked, values: Iterable[str], first: str | None = None) -> Asked:
    """What is asked under the conditions of `values`, with what they read of the bundled models. `first`: --first.
    Raises UsageError."""
    images = under_conditions(asked.images, values, first=first is not None)
    return replace(asked, images=images, first=first_of(images))


def under_conditions(choices: Sequence[Choice], values: Iterable[str], *, first: bool = False) -> tuple[Choice, ...]:
    """The choices with the conditions of `values`: `faces: labels has Person >= 60`. `first`: the bundled models answer
    before them. Raises UsageError."""
    asked = [choice.api.name for choice in choices]
    said: dict[str, str] = {}
    for value in values:
        name, colon, text = value.partition(":")
        name = name.strip()
        if not colon:
            raise UsageError(f"--when {value!r}: no API before it", "Write --when 'faces: labels has Person >= 60'.")
        if name in video_catalogue():
            raise UsageError(f"--when {name}: it is for stored video", "Conditions are about pictures.")
        if name not in asked:
            raise UsageError(f"--when {name}: that API is not asked", f"--api asks: {', '.join(asked) or 'none'}.")
        if name in said:
            raise UsageError(f"--when {name}: there are two conditions", "Join them with and, or or.")
        condition = parse(text.strip())
        here = reads(condition) & local_catalogue().keys()
        if here and not first:
            raise UsageError(
                f"--when {name}: it reads {', '.join(sorted(here))}, which only the bundled models answer",
                "Add --first local: it runs them on the workers, for nothing.",
            )
        if missing := sorted(reads(condition) - here - set(asked)):
            raise UsageError(
                f"--when {name}: it reads {', '.join(missing)}, which is not asked",
                f"Add --api {','.join(missing)}.",
            )
        said[name] = str(condition)
    found = tuple(replace(choice, when=said.get(choice.api.name, "")) for choice in choices)
    _refuse_circles(found)
    if first and not first_of(found):
        raise UsageError(
            f"--first local: no condition reads {', '.join(local_catalogue())}",
            "Write --when 'moderation: local.nudity has any >= 5', or leave --first out.",
        )
    return found


def needed(choices: Iterable[Choice]) -> frozenset[str]:
    """The APIs whose answers the conditions read."""
    return frozenset().union(*(reads(parse(choice.when)) for choice in choices if choice.when))


def first_of(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    """What the bundled models are asked before: what these conditions read, with every parameter."""
    wanted = needed(choices)
    return tuple(
        Choice(api, {param.name: param.default for param in api.params})
        for name, api in local_catalogue().items()
        if name in wanted
    )


def sources_first(requests: Sequence[Request]) -> tuple[Request, ...]:
    """Calls in an order in which each comes after those whose answers its condition reads; else as they were."""
    request_of = {choice.api.name: request for request in requests for choice in request.choices}
    found: dict[str, Request] = {}

    def add(request: Request) -> None:
        if request.name not in found:
            for api in sorted(reads(parse(request.when))) if request.when else ():
                add(request_of[api])
            found[request.name] = request

    for request in requests:
        add(request)
    return tuple(found.values())


def _refuse_circles(choices: Iterable[Choice]) -> None:
    try:
        TopologicalSorter({c.api.name: reads(parse(c.when)) for c in choices if c.when}).prepare()
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise UsageError(f"--when goes in a circle: {circle}", "Ask one of them without a condition.") from None
