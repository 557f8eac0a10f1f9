"""The catalogue: one row per file in this folder (`Api`) and in `video/` (`VideoApi`), found by looking, so that
nothing else lists them."""

import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Generic, TypeVar

from jobs.apis.base import Api, ApiEntry, Image, Param, VideoApi
from jobs.apis.ended import ENDED
from jobs.apis.local import local_apis
from jobs.errors import UsageError
from jobs.items import Item

Row = TypeVar("Row", bound=ApiEntry)


@cache
def catalogue() -> Mapping[str, Api]:
    """Every API for images by its command-line name, in alphabetical order of file names."""
    return {row.name: row for row in _rows() if isinstance(row, Api)}


@cache
def video_catalogue() -> Mapping[str, VideoApi]:
    """The same of those for stored video."""
    return {row.name: row for row in _rows() if isinstance(row, VideoApi)}


@cache
def local_catalogue() -> Mapping[str, Api]:
    """What the bundled models answer on the workers, by name: `local.faces`. No `--api` asks for it."""
    return {api.name: api for api in local_apis(catalogue())}


@cache
def readable() -> Mapping[str, Api]:
    """Whose answers a condition may read."""
    return {**catalogue(), **local_catalogue()}


@cache
def _rows() -> tuple[ApiEntry, ...]:
    modules = [import_module(module.name) for module in pkgutil.walk_packages(__path__, f"{__name__}.")]
    return tuple(module.API for module in modules if hasattr(module, "API"))


@dataclass(frozen=True, slots=True)
class AnyChoice(Generic[Row]):
    """An API as somebody asks for it, with every parameter spelled out."""

    api: Row
    params: Mapping[str, Any]
    when: str = ""  # the condition under which it is asked (jobs/conditions); "": always

    @property
    def meters(self) -> tuple[str, ...]:
        return self.api.meters_for(self.params)

    @property
    def question(self) -> dict[str, Any]:
        """The parameters that an answer depends on."""
        how = {param.name for param in self.api.params if not param.of_answer}
        return {name: value for name, value in self.params.items() if name not in how}

    @property
    def units(self) -> int:
        """Of the model that runs for it; 0 where none does."""
        return int(self.params[self.api.runs.units]) if self.api.runs else 0

    @property
    def whole(self) -> bool:
        """Whether it has all that a request needs."""
        return all(self.params.get(param.name) for param in self.api.params if param.required)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.api.name, "params": dict(self.params)} | ({"when": self.when} if self.when else {})


class Choice(AnyChoice[Api]):
    """An API for images, as one scan asks for it."""

    __slots__ = ()

    @property
    def inherits(self) -> bool:
        """Whether a picture may take the answer of one that looks like it."""
        return self.api.inherits and self.api.reusable

    @property
    def bound(self) -> bool:
        """Whether it can be asked at one place alone: what it needs is there (a model, an adapter, a collection), or
        one picture is to be proved once."""
        of_a_region = any(isinstance(value, str) and value.startswith("arn:") for value in self.params.values())
        return bool(of_a_region or self.api.runs or self.api.question or self.api.prepare(self.params))


class VideoChoice(AnyChoice[VideoApi]):
    """An API for stored video, as one scan asks for it."""

    __slots__ = ()

    def arguments(self) -> dict[str, Any]:
        """What its start takes beside the film."""
        return self.api.request(self.params)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `--api` names, in the order given."""

    images: tuple[Choice, ...] = ()
    videos: tuple[VideoChoice, ...] = ()
    first: tuple[Choice, ...] = ()  # what conditions read of the bundled models

    def __bool__(self) -> bool:
        return bool(self.images or self.videos)


@dataclass(frozen=True)
class Request:
    """One call to AWS per item. It serves several APIs where they share it (labels and properties), all of them asked
    under the same condition."""

    choices: tuple[Choice, ...]

    @property
    def operation(self) -> str:
        return self.choices[0].api.operation

    @property
    def when(self) -> str:
        """The condition under which it is made."""
        return self.choices[0].when

    @cached_property
    def name(self) -> str:
        return "+".join(choice.api.name for choice in self.choices)

    def arguments(self, image: Image, item: Item) -> dict[str, Any]:
        """Keyword arguments of the boto3 method for this item."""
        merged: dict[str, Any] = {}
        for choice in self.choices:
            merged = _merge(merged, choice.api.request(image, item, choice.params))
        return merged


def requests(choices: Iterable[Choice]) -> tuple[Request, ...]:
    """The calls that serve `choices`, with those that may share a call put together."""
    groups: dict[tuple[str, str], list[Choice]] = {}
    for choice in choices:
        key = choice.api.operation if choice.api.shares else choice.api.name
        groups.setdefault((key, choice.when), []).append(choice)
    return tuple(Request(tuple(group)) for group in groups.values())


def request_names(choices: Iterable[Choice | VideoChoice]) -> dict[str, list[str]]:
    """The names of the calls that serve `choices`, each with its APIs: of films one is of one API."""
    images = [choice for choice in choices if isinstance(choice, Choice)]
    found = {request.name: [choice.api.name for choice in request.choices] for request in requests(images)}
    return found | {choice.api.name: [choice.api.name] for choice in choices if isinstance(choice, VideoChoice)}


def parse(values: Iterable[str]) -> tuple[Choice, ...]:
    """`["labels:min_confidence=70,max_labels=50,faces", "text"]` -> choices, in the order given.

    Raises UsageError naming what is wrong and what there is, also for an API of stored video.
    """
    asked = ask(values)
    if asked.videos:
        name = asked.videos[0].api.name
        raise UsageError(f"{name} is for stored video", f"For pictures there are: {', '.join(catalogue())}.")
    return asked.images


def ask(values: Iterable[str]) -> Asked:
    """The same with those for stored video. Raises UsageError as `parse`."""
    asked = sort_out(values)
    if not asked:
        names = ", ".join([*catalogue(), *video_catalogue()])
        raise UsageError("no API asked for", f"--api takes one or more of: {names}")
    return asked


def sort_out(values: Iterable[str], *, whole: bool = True) -> Asked:
    """As `ask`, and it may be none at all.

    `whole`: what a request needs must be there; without, it may be left out (null), as no price depends on it.
    """
    asked: dict[str, dict[str, str]] = {}
    current: str | None = None
    for token in (part.strip() for value in values for part in value.split(",")):
        if not token:
            continue
        name, colon, setting = token.partition(":")
        if "=" in name:  # a further parameter of the API before it
            if current is None:
                raise UsageError(f"--api: {token!r} stands before any API name", "Write --api NAME:key=value,key=value")
            setting = token
        else:
            current = _known(name).name
            asked.setdefault(current, {})
        if colon or "=" in name:
            key, equals, value = setting.partition("=")
            if not equals:
                raise UsageError(f"--api {token}: a parameter is written key=value", _parameters(_known(current)))
            asked[current][key.strip().replace("-", "_")] = value.strip()
    images, videos = catalogue(), video_catalogue()
    return Asked(
        tuple(
            Choice(images[name], _typed(images[name], given, whole=whole))
            for name, given in asked.items()
            if name in images
        ),
        tuple(
            VideoChoice(videos[name], _typed(videos[name], g, whole=whole))
            for name, g in asked.items()
            if name in videos
        ),
    )


def choices_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Choice, ...]:
    """The choices of a job.json. A parameter that came after the job was made has its default."""
    return tuple(Choice(readable()[row["name"]], _spelled_out(row), row.get("when", "")) for row in rows)


def video_choices_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[VideoChoice, ...]:
    """The same of those for stored video."""
    return tuple(VideoChoice(video_catalogue()[row["name"]], _spelled_out(row)) for row in rows)


def _spelled_out(row: Mapping[str, Any]) -> dict[str, Any]:
    name = row["name"]
    api = local_catalogue().get(name) or _known(name)
    return {param.name: param.default for param in api.params} | dict(row["params"])


def _known(name: str) -> ApiEntry:
    """By our name or AWS's: `labels`, `DetectLabels` (of several of one operation, the first)."""
    rows = {**catalogue(), **video_catalogue()}
    found = rows.get(name) or next((row for row in rows.values() if row.operation == name), None)
    if found is not None:
        return found
    if name in local_catalogue():
        raise UsageError(
            f"{name} is what the bundled models answer, to conditions alone",
            f"Write --first local --when 'API: {name} has any', and --api with AWS's.",
        )
    if ended := ENDED.get(name):
        raise UsageError(f"{name}: {ended.what}", ended.instead)
    spelled = {_letters(row.operation): row.name for row in reversed(rows.values())}
    spelled |= {_letters(row): row for row in rows}
    meant = get_close_matches(_letters(name), spelled, 1)
    guess = f"Did you mean {spelled[meant[0]]}? " if meant else ""
    raise UsageError(f"there is no API {name!r}", f"{guess}Choose from: {', '.join(rows)}. See `rekscan apis`.")


def _letters(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _parameters(api: ApiEntry) -> str:
    return f"{api.name} takes: {', '.join(p.name for p in api.params) or 'no parameters'}. See `rekscan apis`."


def _typed(api: ApiEntry, given: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    by_name = {param.name: param for param in api.params}
    if unknown := set(given) - set(by_name):
        raise UsageError(f"{api.name} has no parameter {sorted(unknown)[0]!r}", _parameters(api))
    if whole and (missing := [p.name for p in api.params if p.required and not given.get(p.name)]):
        raise UsageError(f"{api.name} needs {missing[0]}=...", f"Write --api {api.name}:{missing[0]}=VALUE")
    return {p.name: _value(api, p, given[p.name]) if p.name in given else p.default for p in api.params}


def _value(api: ApiEntry, param: Param, text: str) -> Any:
    where = f"--api {api.name}:{param.name}={text}"
    value: Any
    try:
        if param.type == "bool":
            value = {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
        elif param.type == "list":
            value = [part for part in text.split("+") if part]
        else:
            value = {"float": float, "int": int, "str": str, "file": str}[param.type](text)
    except (ValueError, KeyError):
        raise UsageError(f"{where}: not {_KINDS[param.type]}", param.help) from None
    if isinstance(value, int | float) and not _within(value, param):
        low, high = param.minimum, param.maximum
        bounds = f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
        raise UsageError(f"{where}: outside {bounds}", param.help)
    parts = value if isinstance(value, list) else [value]
    if len(parts) < param.least:
        raise UsageError(f"{where}: {len(parts)} values, at least {param.least} is needed", param.help)
    if param.most is not None and len(parts) > param.most:
        raise UsageError(f"{where}: {len(parts)} values, at most {param.most} are allowed")
    for part in parts:
        if param.choices and part not in param.choices:
            raise UsageError(f"{where}: {part!r} is not one of {', '.join(param.choices)}")
        if param.pattern and not re.fullmatch(param.pattern, part):
            raise UsageError(f"{where}: {part!r} is not in the form AWS takes", param.help)
    return value


_KINDS = {"float": "a number", "int": "a whole number", "bool": "true or false"}


def _within(value: float, param: Param) -> bool:
    low, high = param.minimum, param.maximum
    return (low is None or value >= low) and (high is None or value <= high)  # NaN is within nothing


def _merge(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            key: _merge(one[key], other[key]) if key in one and key in other else {**one, **other}[key]
            for key in {**one, **other}
        }
    if isinstance(one, list) and isinstance(other, list):
        return one + [value for value in other if value not in one]
    return other


__all__ = [
    "Asked", "Choice", "Request", "VideoChoice", "ask", "catalogue", "choices_from_json", "local_catalogue", "parse",
    "readable", "request_names", "requests", "sort_out", "video_catalogue", "video_choices_from_json",
]  # fmt: skip
