"""`--when`: the conditions of a scan on its choices, and the order in which answers are needed.

Rule: what a condition reads is asked too, and nothing waits for itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from jobs.apis import Asked, Choice, Request, catalogue, local_catalogue, video_catalogue
from jobs.apis.base import Api
from jobs.apis.local import LOCAL
from jobs.conditions.reading import parse
from jobs.conditions.sense import refuse_senseless
from jobs.conditions.tree import reads
from jobs.errors import UsageError
from jobs.words import did_you_mean, short

_EXAMPLE = "--when 'faces: labels has Person >= 60'"


def conditioned(asked: Asked, values: Iterable[str], first: str | None = None) -> Asked:
    """What is asked under the conditions of `values`, with what they read of the bundled models. `first`: --first.
    Raises UsageError."""
    if first not in (None, LOCAL):
        raise UsageError(f"--first {first}: only the bundled models look first", "Write --first local.")
    images = under_conditions(asked.images, values, first=first is not None)
    return replace(asked, images=images, first=first_of(images))


def under_conditions(choices: Sequence[Choice], values: Iterable[str], *, first: bool = False) -> tuple[Choice, ...]:
    """The choices with the conditions of `values`: `faces: labels has Person >= 60`. `first`: the bundled models answer
    before them. Raises UsageError."""
    asked = [choice.api.name for choice in choices]
    params = {choice.api.name: choice.params for choice in (*choices, *map(_local, local_catalogue().values()))}
    said: dict[str, str] = {}
    for value in values:
        name, text = _parted(value, asked)
        if name in said:
            raise UsageError(f"--when {name}: there are two conditions", "Join them with `and`, or with `or`.")
        with _of(name):
            condition = parse(text)
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
        with _of(name):
            refuse_senseless(condition, params)
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
    return tuple(_local(api) for name, api in local_catalogue().items() if name in wanted)


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


@contextmanager
def _of(name: str) -> Iterator[None]:
    """What is wrong says whose condition it is."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"--when {name}: {error.what}", error.do) from None


def _parted(value: str, asked: Sequence[str]) -> tuple[str, str]:
    """`faces: labels has Person` -> the API, one of `asked`, and its condition."""
    name, colon, text = (part.strip() for part in value.partition(":"))
    if not (colon and name):
        raise UsageError(f"--when {short(value, 80)!r}: no API before it", f"Write {_EXAMPLE}.")
    if name in asked:
        return name, text
    where = f"--when {short(name, 40)}"
    if name in video_catalogue():
        raise UsageError(f"{where}: it is for stored video", "Conditions are about pictures.")
    if "," in name:
        raise UsageError(f"{where}: a condition is of one API", "Write --when once for each.")
    there = f"--api asks: {', '.join(asked) or 'none'}."
    if name in local_catalogue():
        raise UsageError(f"{where}: the bundled models look first, under no condition", there)
    if name in catalogue():
        raise UsageError(f"{where}: that API is not asked", there)
    if any(sign in name for sign in " ()\"'"):
        raise UsageError(f"--when {short(value, 80)!r}: no API before it", f"Write {_EXAMPLE}.")
    raise UsageError(f"{where}: there is no such API", f"{did_you_mean(name, asked)}{there}")


def _local(api: Api) -> Choice:
    return Choice(api, {param.name: param.default for param in api.params})


def _refuse_circles(choices: Iterable[Choice]) -> None:
    try:
        TopologicalSorter({c.api.name: reads(parse(c.when)) for c in choices if c.when}).prepare()
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise UsageError(f"--when goes in a circle: {circle}", "Ask one of them without a condition.") from None
