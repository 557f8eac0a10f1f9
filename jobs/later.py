"""Modules that are imported when something of them is first asked for, so that who asks for nothing does not pay.

    if TYPE_CHECKING:
        import pyarrow.parquet as pq
    else:
        pq = Later("pyarrow.parquet")

Rule: only here is a module imported after the start. Type checkers and import-linter see an import like any other; what
is annotated with such a module's names is written in quotes. docs/adr/0013-imports-when-needed.md says where and why.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


class Later:
    """A module by its name. Thread-safe, as imports are; an attribute costs a look into `sys.modules` more."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)

    def __repr__(self) -> str:
        return f"<{self._name}, when it is needed>"


def front(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that offers names of its modules, each imported when one of its names is first
    asked for: `{"counting": ("counters", "tally")}`."""
    homes = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return find
