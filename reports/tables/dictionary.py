"""The data dictionary: every column of every table, generated from the schemas.

Rule: nothing is told twice. A column's meaning, unit and range stand in its schema (`jobs/apis/*.py`,
`reports/tables/layout.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields

import pyarrow as pa

from jobs.apis import catalogue, video_catalogue
from jobs.costs import COSTS_SCHEMA
from reports.spreadsheet_safe import csv_line
from reports.tables.layout import COSTS, Layout

_TYPES = {
    "string": "text",
    "double": "number",
    "int32": "whole number",
    "int64": "whole number",
    "bool": "true or false",
}


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    table: str
    column: str
    type: str
    meaning: str
    aws_field: str


def entries(schemas: Mapping[str, pa.Schema]) -> Iterator[ColumnEntry]:
    """The columns of these tables, in order."""
    for table, schema in schemas.items():
        for field in schema:
            told = field.metadata or {}
            kind = _TYPES.get(str(field.type), "decimal number" if pa.types.is_decimal(field.type) else str(field.type))
            yield ColumnEntry(table, field.name, kind, told.get(b"doc", b"").decode(), told.get(b"aws", b"").decode())


def as_csv(schemas: Mapping[str, pa.Schema]) -> str:
    """One row per column."""
    header = [field.name for field in fields(ColumnEntry)]
    return "".join(map(csv_line, [header, *(astuple(entry) for entry in entries(schemas))]))


def as_markdown(schemas: Mapping[str, pa.Schema]) -> str:
    """One section per table."""
    lines = [
        "# Data dictionary",
        "",
        "Generated from the schemas. Every API's table joins `images`, or `videos`, on `item_id`.",
    ]
    table = ""
    for entry in entries(schemas):
        if entry.table != table:
            table = entry.table
            lines += ["", f"## `{table}`", "", "| column | type | meaning | AWS field |", "|---|---|---|---|"]
        aws = " or ".join(f"`{part}`" for part in entry.aws_field.split(" | ")) if entry.aws_field else ""
        lines.append(f"| `{entry.column}` | {entry.type} | {_cell(entry.meaning)} | {_cell(aws)} |")
    return "\n".join(lines) + "\n"


def every_schema() -> dict[str, pa.Schema]:
    """The schemas of a job that asks every API of the catalogue, and its costs."""
    images = Layout(
        "", tuple(catalogue()), videos=tuple(video_catalogue()), frames=True, near=True, places={"": ("", "")}
    )
    schemas = images.schemas
    return {**schemas, COSTS: COSTS_SCHEMA}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """`python -m reports.tables.dictionary > docs/data-dictionary.md`"""
    print(as_markdown(every_schema()), end="")


if __name__ == "__main__":
    main()
