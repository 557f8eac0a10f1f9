"""Columns of the tables: name and type, what each means and where AWS says it.

Rule: every column carries both, so that the data dictionary is generated and tests can hold it against AWS's model.
They become an Arrow schema when a table is made: a price needs none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from jobs.later import Later

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = Later("pyarrow")

# As pyarrow calls what makes them.
TEXT, NUMBER, WHOLE, LONG, FLAG = "string", "float64", "int32", "int64", "bool_"
EMPTY: Mapping[str, Any] = {}  # stands for a member the answer left out


@dataclass(frozen=True, slots=True)
class Range:
    """What the numbers of a column can be, both ends included; None: there is no end. `text`: for people."""

    low: float | None
    high: float | None
    text: str


PERCENT = Range(0, 100, "in percent, 0 to 100")
RATIO = Range(0, 1, "a ratio of the picture, 0 to 1")
EDGE = Range(-1, 2, "a ratio of the picture, about 0 to 1")
DEGREES = Range(-180, 180, "in degrees, -180 to 180")
BYTE = Range(0, 255, "0 to 255")
FROM_0 = Range(0, None, "a whole number, 0 or more")
FROM_1 = Range(1, None, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True)
class Column:
    """A nullable column. `aws`: path in the response, several joined by " | "; a list's own position ends in `[]`."""

    name: str
    kind: str  # TEXT, NUMBER, WHOLE, LONG or FLAG
    doc: str
    aws: str
    several: bool = False  # texts, joined by "; "
    range: Range | None = None  # of numbers, where it is known
    values: tuple[str, ...] = ()  # of texts, where there are no others

    @property
    def bounds(self) -> Range | None:
        """What its numbers can be: what is counted is never under 0."""
        return self.range or (FROM_0 if self.kind in (WHOLE, LONG) else None)


class Columns(tuple[Column, ...]):
    """The columns that an API has in a table."""

    @cached_property
    def schema(self) -> "pa.Schema":
        """Each field's metadata: {"doc": meaning, unit and range, "aws": AWS's field path}."""
        return pa.schema([pa.field(c.name, getattr(pa, c.kind)(), metadata={"doc": c.doc, "aws": c.aws}) for c in self])


column = Column  # as declarations write it


def several(name: str, doc: str, aws: str) -> Column:
    return Column(name, TEXT, f"{doc}, joined by '; '", aws, several=True)


def percent(name: str, doc: str, aws: str) -> Column:
    return Column(name, NUMBER, f"{doc}, 0 to 100", aws, range=PERCENT)


def degrees(name: str, doc: str, aws: str) -> Column:
    return Column(name, NUMBER, f"{doc} in degrees, -180 to 180", aws, range=DEGREES)


def pose(at: Callable[[str], str]) -> list[Column]:
    """How a head is turned. `at`: a member's path."""
    return [degrees(turn, f"head {turn}", at(f"Pose.{turn.title()}")) for turn in ("roll", "yaw", "pitch")]


def numbered(name: str, doc: str, aws: str) -> Column:
    return Column(name, WHOLE, f"1, 2, ...: {doc}", aws, range=FROM_1)


def one_of(name: str, values: Iterable[str], doc: str, aws: str) -> Column:
    """A text that is one of `values`."""
    return Column(name, TEXT, doc, aws, values=tuple(values))


def box(aws: str, what: str = "", prefix: str = "") -> list[Column]:
    """left, top, width, height, as ratios of the upright image's width and height. `aws`: BoundingBox path(s)."""
    docs = (
        ("left", "left edge of the box, ratio of the image's width; may be under 0 or over 1 at the border"),
        ("top", "top edge of the box, ratio of the image's height; may be under 0 or over 1 at the border"),
        ("width", "width of the box, ratio of the image's width"),
        ("height", "height of the box, ratio of the image's height"),
    )
    return [
        column(
            prefix + name,
            NUMBER,
            f"{what}: {doc}" if what else doc,
            " | ".join(f"{path}.{name.title()}" for path in aws.split(" | ")),
            range=EDGE if name in ("left", "top") else RATIO,
        )
        for name, doc in docs
    ]


def moment(aws: str) -> Column:
    """When something was seen in a film. `aws`: the finding's path."""
    doc = "when it was seen: milliseconds from the film's start, not exact to the frame"
    return column("timestamp_ms", LONG, doc, f"{aws}.Timestamp")


def span(aws: str) -> list[Column]:
    """From when to when, where AWS says it."""
    docs = (("start_ms", "its first millisecond", "Start"), ("end_ms", "its last millisecond", "End"))
    return [
        column(name, LONG, f"{doc}; null where moments were asked for", f"{aws}.{end}TimestampMillis")
        for name, doc, end in docs
    ]


def sides(bounding_box: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    """The values of `box`'s columns."""
    get = bounding_box.get
    return get("Left"), get("Top"), get("Width"), get("Height")


def names(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """`[{"Name": "Animal"}, {"Name": "Pet"}]` -> "Animal; Pet"; nothing -> null."""
    if len(rows) == 1:  # nearly always, and asked three times a label
        return rows[0].get("Name") or None
    return "; ".join([row["Name"] for row in rows if row.get("Name")]) or None


def named(rows: Iterable[Mapping[str, Any]] | None) -> frozenset[Any]:
    """The different names of some rows."""
    return frozenset(row.get("Name") for row in rows or ())


def as_json(value: Any) -> str | None:
    """A list of points as compact JSON; nothing -> null."""
    return orjson.dumps(value).decode() if value else None


def highest(rows: Iterable[Mapping[str, Any]], key: str = "Confidence") -> list[Mapping[str, Any]]:
    """Rows from the highest to the lowest `key`; those without one last; ties keep AWS's order."""
    return sorted(rows, key=lambda row: -(row.get(key) or 0))


def summary(rows: Iterable[Mapping[str, Any]], most: int = 5) -> str | None:
    """`Dog 98; Pet 97`: the most confident names, each once, with their confidence in whole percent."""
    seen: dict[str, float] = {}
    for row in rows:
        name, confidence = row.get("Name"), row.get("Confidence") or 0
        if name and (name not in seen or confidence > seen[name]):
            seen[name] = confidence
    best = sorted(seen, key=seen.__getitem__, reverse=True)[:most]
    return "; ".join([f"{name} {seen[name]:.0f}" for name in best]) or None
