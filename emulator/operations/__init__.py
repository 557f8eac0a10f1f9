"""The registry: one module per operation (or, for collections, per family), found by its `OPERATIONS`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from emulator.errors import OptionError
from emulator.operations.base import Operation, VersionOperation, VideoOperation

Registered = Operation | VideoOperation | VersionOperation


@cache
def registry() -> dict[str, Registered]:
    found: dict[str, Registered] = {}
    for module in iter_modules(__path__):
        for operation in getattr(import_module(f"{__name__}.{module.name}"), "OPERATIONS", ()):
            found[operation.name] = operation
    return found


def operation_of(name: str) -> str:
    """AWS's name for what a person wrote: `labels`, `DetectLabels`."""
    operations = registry()
    for operation in operations.values():
        if name in (operation.name, operation.short):
            return operation.name
    known = ", ".join(sorted(operation.short for operation in operations.values()))
    raise OptionError(f"unknown operation '{name}': write one of {known}, or AWS's own name of it")
