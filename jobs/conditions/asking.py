"""`--when`: the conditions of a scan on its choices, and the order in which answers are needed.

Rule: what a condition reads is asked too, and nothing waits for itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from jobs.apis import Choice, Request, video_catalogue
from jobs.conditions.reading import parse
from jobs.conditions.tree import reads
from jobs.errors import UsageError


def under_conditions(choices: Sequence[Choice], values: Iterable[str]) -> tuple[Choice, ...]:
    """The choices with the conditions of `values`: `faces: labels has Person >= 60`. Raises UsageError."""
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
        if missing := sorted(reads(condition) - set(asked)):
            raise UsageError(
                f"--when {name}: it reads {', '.join(missing)}, which is not asked",
                f"Add --api {','.join(missing)}.",
            )
        said[name] = str(condition)
    found = tuple(replace(choice, when=said.get(choice.api.name, "")) for choice in choices)
    _refuse_circles(found)
    return found


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
