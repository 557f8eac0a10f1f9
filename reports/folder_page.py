"""The generated parts of docs/job-folder.md: every field of every document and file, from the records and schemas.

Rule: nothing is told twice. What a field means is the comment on its line; one that came after format 1 says there
`(since 2)`.
"""

import inspect
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from jobs import documents, planned
from jobs.folder import films, home, models, retries, spec, video_pages
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.items import Item
from jobs.known import duplicates, segments
from jobs.near import groups
from jobs.outcomes import RESULT_SCHEMA, Outcome
from jobs.places import Place
from jobs.sample.record import Sample, SampleStratum
from jobs.status import Status
from reports.tables.built import BuiltTables

DOCUMENTS: Mapping[str, type] = {
    "job.json": spec.JobSpec,
    "amended-001.json": spec.Amendment,
    "models/001-started.json": models.ModelStart,
    "models/001-stopped.json": models.ModelStop,
    "reports/status.json": Status,
    "home.json": home.HomeSettings,
    "reports/tables.json": BuiltTables,
    "known/*.parquet: `rekscan` in the footer": segments.About,
}
PARTS: tuple[type, ...] = (
    spec.Options, spec.Listing, planned.PlanDocument, planned.PlannedItems, planned.PlannedLine, planned.PlannedTier,
    planned.PlannedMonth, planned.PlannedRates, planned.PlannedRate, planned.PricesUsed, planned.TotalBounds,
    planned.PlannedNear, planned.PairsAsked, Place, Sample, SampleStratum,
)  # fmt: skip
FILES: Mapping[str, tuple[pa.Schema, type | None]] = {
    "manifest/part-00000.parquet": (MANIFEST_SCHEMA, Item),
    "results/shard-000000.parquet": (RESULT_SCHEMA, Outcome),
    "films/part-00000.parquet": (films.FILM_SCHEMA, films.FilmItem),
    "results/video/video-labels/item-00000000-e0.parquet": (video_pages.SCHEMA, None),
    "retries/r001.parquet": (retries.SCHEMA, None),
    "duplicates/part-00000.parquet": (duplicates.SCHEMA, None),
    "near/part-00000.parquet": (groups.SCHEMA, None),
    "known/*.parquet": (segments.SCHEMA, None),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table on the page."""

    name: str
    type: str
    since: int
    meaning: str


def record_fields(record: type) -> Iterator[Field]:
    """The fields of a record, in order."""
    told, types = comments(record), get_type_hints(record, include_extras=True)
    for one in fields(record):
        yield _field(one.name, type_of(types[one.name]), told.get(one.name, ""))


def file_fields(schema: pa.Schema, record: type | None) -> Iterator[Field]:
    """The columns of a file, told by the record of a row or by themselves."""
    told = comments(record) if record else {}
    for one in schema:
        meaning = told.get(one.name) or (one.metadata or {}).get(b"doc", b"").decode()
        yield _field(one.name, f"{one.type}{' or null' if one.nullable else ''}", meaning)


def comments(record: type) -> dict[str, str]:
    """What the comment on each field's line says."""
    found: dict[str, str] = {}
    names = {one.name for one in fields(record)}
    for token in tokenize.generate_tokens(StringIO(inspect.getsource(record)).readline):
        name = token.line.split(":")[0].strip()
        if token.type == tokenize.COMMENT and name in names:
            found[name] = token.string.lstrip("# ")
    return found


def type_of(kind: Any) -> str:
    """A field's type as JSON has it."""
    if get_origin(kind) is Annotated:
        return "number" if kind == planned.Quantity else "dollars" if kind == planned.Dollars else "list of APIs"
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(type_of(one) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return " or ".join(f"`{one}`" for one in get_args(kind))
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        return f"list of {type_of(parts[0])}" if parts[-1] is ... else f"[{', '.join(map(type_of, parts))}]"
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return f"object of {type_of(get_args(kind)[1])}"
    if is_dataclass(kind) and isinstance(kind, type):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return _TYPES[kind]


_TYPES: Mapping[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Decimal: "number", date: "date",
    datetime: "time", NoneType: "null", Any: "anything",
}  # fmt: skip


def markdown() -> str:
    """All tables of the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield (
        f"This version writes format {documents.FORMAT}, and {documents.CONDITIONS} as that of a job with conditions;"
        f" {documents.FIRST} as that of one that asks the bundled models first; {documents.PLACES} as that of one in"
        f" several Regions or accounts; it reads up to {documents.NEWEST}."
    )
    stamp = Field(documents.FIELD, "whole number", 2, "the format of this document; without it: 1")
    for name, record in DOCUMENTS.items():
        yield from _section(name if "`" in name else f"`{name}`", record.__doc__ or "", [stamp, *record_fields(record)])
    for part in PARTS:
        yield from _section(part.__name__, part.__doc__ or "", list(record_fields(part)))
    for name, (schema, record_of_row) in FILES.items():
        yield from _section(f"`{name}`: columns", "", list(file_fields(schema, record_of_row)))


def _section(title: str, about: str, rows: list[Field]) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    if first := about.strip().split("\n\n")[0]:
        yield from (" ".join(first.split()), "")
    yield from ("| field | type | since | meaning |", "|---|---|---|---|")
    yield from (
        f"| `{row.name}` | {row.type} | {row.since} | {row.meaning.replace('|', chr(92) + '|')} |" for row in rows
    )


def _field(name: str, kind: str, comment: str) -> Field:
    since = re.search(r"\(since (\d+)\)", comment)
    return Field(name, kind, int(since[1]) if since else 1, re.sub(r"\s*\(since \d+\)", "", comment))
