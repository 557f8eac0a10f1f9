"""What each process of ours would read or make anew, and all alike: once, before the fork.

Rule: an answer is remembered by what was asked, and only where it is a library's own.
"""

import importlib.metadata
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import FunctionType
from typing import Any

import boto3
import botocore
import pydantic
from boto3.session import Session
from botocore import compat, hooks
from botocore.loaders import JSONFileLoader, Loader
from celery.utils.imports import load_extension_class_names
from cyclopts import App

_DATA = tuple(f"{Path(library.__file__).parent}/data" for library in (botocore, boto3))


def install() -> None:
    """Before what is to be faster by it is imported."""
    importlib.metadata.version = cache(importlib.metadata.version)
    _descriptions()
    _names_of_services()
    _handlers()


def fill() -> None:
    """With what programs ask for."""
    load_extension_class_names("celery.result_backends")
    for service in ("rekognition", "s3"):
        Session("none", "none", region_name="us-east-1").client(service)
    commands, adapters = _command_lines(), _adapters()
    words = importlib.import_module("rekscan.cli")
    for name in words.COMMANDS:
        app = words.build(listing=False)[name]
        if app.default_command is not None:
            made = commands[app.default_command] = app.assemble_argument_collection()
            for argument in made:
                adapters(argument.field_info.annotation)


def _descriptions() -> None:
    """botocore's of the services, megabytes of JSON."""
    read = JSONFileLoader.load_file
    once = cache(partial(read, JSONFileLoader()))
    JSONFileLoader.load_file = lambda self, path: once(path) if path.startswith(_DATA) else read(self, path)


def _names_of_services() -> None:
    """botocore looks for them in four hundred directories for each session."""
    look = Loader.list_available_services
    found: dict[tuple[str, ...], list[str]] = {}

    def once(self: Loader, type_name: str) -> list[str]:
        asked = (type_name, *self._potential_locations())
        if not set(asked[1:]) <= set(_DATA):
            return look(self, type_name)  # type: ignore[no-any-return]
        if asked not in found:
            found[asked] = look(self, type_name)
        return found[asked].copy()

    Loader.list_available_services = once


def _handlers() -> None:
    """What botocore asks of each function that it calls at an event, and how it writes the events' names."""
    takes_more = compat.accepts_kwargs
    of_functions = cache(takes_more)
    hooks.accepts_kwargs = lambda of: of_functions(of) if isinstance(of, FunctionType) else takes_more(of)
    begin: Callable[..., None] = hooks.EventAliaser.__init__
    names: dict[str, str] = {}

    def begin_with_names(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        begin(self, event_emitter, event_aliases)
        if event_aliases is None or event_aliases == hooks.EVENT_ALIASES:
            self._alias_name_cache = names

    hooks.EventAliaser.__init__ = begin_with_names


def _command_lines() -> dict[Any, Any]:
    """The arguments of our commands, as cyclopts makes them of their annotations, for the one that a process runs."""
    assemble = App.assemble_argument_collection
    made: dict[Any, Any] = {}

    def once(self: App, **options: Any) -> Any:
        ready = None if options else made.pop(self.default_command, None)  # it is filled in
        return assemble(self, **options) if ready is None else ready

    App.assemble_argument_collection = once  # type: ignore[method-assign]
    return made


def _adapters() -> Callable[[Any], Any]:
    """How pydantic looks at a value of an annotation."""
    once = cache(pydantic.TypeAdapter)

    def adapter(of: Any, **options: Any) -> Any:
        try:
            return pydantic.type_adapter.TypeAdapter(of, **options) if options else once(of)
        except TypeError:  # it has no hash
            return pydantic.type_adapter.TypeAdapter(of)

    pydantic.TypeAdapter = adapter  # type: ignore[misc,assignment]
    return adapter
