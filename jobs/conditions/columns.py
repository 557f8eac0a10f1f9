"""The columns that a condition may name: those of an API's table, and the size of a row's box."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jobs.apis import readable
from jobs.apis.base import Api
from jobs.apis.columns import NUMBER, RATIO, Column

AREA = "area"
_SIDES = ("width", "height")


def row_columns(api: Api) -> Mapping[str, Column]:
    """By name. Where rows have a box, `area` is the part of the image that it covers."""
    return _row_columns(api.name)


@cache
def _row_columns(name: str) -> Mapping[str, Column]:
    api = readable()[name]
    found = {column.name: column for column in api.columns}
    if found.keys() >= set(_SIDES) and AREA not in found:
        found[AREA] = Column(AREA, NUMBER, "width x height: the part of the image that the box covers", "", range=RATIO)
    return found


def cell(api: Api, row: tuple[Any, ...], column: str) -> Any:
    """What a row of `api.rows` has there."""
    places = _places(api.name)
    if column in places:
        return row[places[column]]
    width, height = (row[places[side]] for side in _SIDES)
    return None if width is None or height is None else width * height


@cache
def _places(name: str) -> Mapping[str, int]:
    return {column.name: place for place, column in enumerate(readable()[name].columns)}
