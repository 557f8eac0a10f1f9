"""What a condition is: a tree of frozen values, and its canonical text.

Rule: `parse(str(condition)) == condition`. Only `reading.py` makes these from what somebody typed, checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Op = Literal["=", "!=", ">=", "<=", ">", "<", "contains"]
Value = str | float | bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A column of one row beside a value: `width >= 0.1`. Of an empty cell nothing is true."""

    column: str
    op: Op
    value: Value

    def __str__(self) -> str:
        return f"{self.column} {self.op} {literal(self.value)}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an API's table: all, or those with this name, this confidence, and whatever else `where` says."""

    api: str
    name: str | None = None
    confidence: tuple[Op, float] | None = None
    where: "RowTest | None" = None

    @property
    def every(self) -> bool:
        return self.name is None and self.confidence is None and self.where is None

    def __str__(self) -> str:
        text = f"{self.api} has {'any' if self.name is None else literal(self.name)}"
        if self.confidence is not None:
            op, least = self.confidence
            text += f" {op} {literal(least)}"
        return text if self.where is None else f"{text} where {_term(self.where)}"


@dataclass(frozen=True, slots=True)
class Has:
    """There is such a row."""

    rows: Rows

    def __str__(self) -> str:
        return str(self.rows)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many such rows there are."""

    rows: Rows
    op: Op
    number: float

    def __str__(self) -> str:
        counted = self.rows.api if self.rows.every else str(self.rows)
        return f"count({counted}) {self.op} {literal(self.number)}"


@dataclass(frozen=True, slots=True)
class InShort:
    """A column that the API has in `images`, beside a value: `labels.label_count > 3`."""

    api: str
    compared: Compared

    def __str__(self) -> str:
        return f"{self.api}.{self.compared}"


@dataclass(frozen=True, slots=True)
class Not:
    term: "Condition | RowTest"

    def __str__(self) -> str:
        return f"not {_term(self.term)}"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these."""

    terms: "tuple[Condition | RowTest, ...]"

    def __str__(self) -> str:
        return " and ".join(map(_term, self.terms))


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these."""

    terms: "tuple[Condition | RowTest, ...]"

    def __str__(self) -> str:
        return " or ".join(map(_term, self.terms))


Joined = Not | All | Any
RowTest = Compared | Joined
Condition = Has | Counted | InShort | Joined


def reads(condition: "Condition | RowTest") -> frozenset[str]:
    """The APIs whose answers it takes."""
    return frozenset(_reads(condition))


def literal(value: Value) -> str:
    """A value as the language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _term(term: "Condition | RowTest") -> str:
    return f"({term})" if isinstance(term, All | Any) else str(term)


def _reads(condition: "Condition | RowTest") -> Iterator[str]:
    match condition:
        case Has(rows) | Counted(rows):
            yield rows.api
        case InShort(api):
            yield api
        case Not(term):
            yield from _reads(term)
        case All(terms) | Any(terms):
            for one in terms:
                yield from _reads(one)
