"""What a bar of a chart leads to: the gallery narrowed to what it counts, by what findings are marked with.

Rule: a door and the findings behind it are named by one function each, so that they meet.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from jobs.apis.base import Tabled
from jobs.words import short

_NAME, _MARK = 200, 80  # signs of a name and of a mark that the page keeps
_CATEGORIES = ("emotion", "gender", "body_part", "known_gender", "categories")


def by_name(name: str) -> str:
    """To findings of this name alone."""
    return urlencode({"name": f'"{short(name, _NAME)}"'})


def by_mark(mark: str) -> str:
    return urlencode({"mark": f'"{mark}"'})


def by_confidence(low: int, high: int) -> str:
    """To findings from `low` to under `high` percent; 100 is in the last."""
    return urlencode({"confidence": low, "to": high})


def flags(api: Tabled) -> list[str]:
    """Its yes-or-no columns."""
    return [field.name for field in api.schema if pa.types.is_boolean(field.type)]


def categories(api: Tabled) -> list[str]:
    """Its columns of few values, but for its name."""
    return [name for name in _CATEGORIES if name in api.schema.names and name != api.name_column]


def category(column: str, value: str) -> str:
    """The mark of a finding that has this value."""
    return short(f"{titled(column)}: {readable(value)}", _MARK)


def marked_columns(api: Tabled) -> str:
    """SQL of what `marks` takes of a row."""
    return "".join(f', "{name}" as "is {name}"' for name in (*flags(api), *categories(api)))


def marks(api: Tabled, row: Mapping[str, Any]) -> Iterator[str]:
    yield from (titled(name) for name in flags(api) if row.get(f"is {name}"))
    told = ((name, row.get(f"is {name}")) for name in categories(api))
    yield from (category(name, value) for name, value in told if value is not None)


def titled(name: str) -> str:
    return name.replace("_", " ").capitalize()


def readable(value: str) -> str:
    """AWS's `EYES_OPEN` and our `eyes_open` as words; anything else as it is."""
    shouted = value.isupper() and value.isascii() and value.replace("_", "").isalpha() and len(value) > 2
    return titled(value.lower()) if shouted or (value.islower() and "_" in value) else value
