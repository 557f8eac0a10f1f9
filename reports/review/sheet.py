"""`review.csv`: findings for a person to judge, and how many findings there are of each kind.

Rule: a sheet somebody has begun to fill in is never overwritten.
"""

# ruff: noqa: S608  names put into queries are those of declared schemas

from collections.abc import Iterable, Sequence
from dataclasses import replace

import duckdb

from jobs.apis.base import Api
from jobs.errors import UsageError
from jobs.folder import JobFolder
from reports.bands import band
from reports.facts.charts import FREE, named
from reports.facts.facts import records
from reports.facts.gallery import Wanted, flagged, matching
from reports.review.verdicts import COLUMNS, Group, Verdict, read_verdicts
from reports.spreadsheet_safe import csv_line, defuse

ROWS = 1_000  # of a sheet
ANY = "(any)"
_SIDES = ("left", "top", "width", "height")
_FEWEST, _MOST = 5, 200  # of one name and band

Query = duckdb.DuckDBPyConnection


def write_sheet(folder: JobFolder, query: Query, apis: Sequence[Api], wanted: Wanted, most: int = ROWS) -> str:
    """Write `review.csv` (`review-2.csv`, ... where one is being filled in); returns where it is."""
    sheet = sheet_csv(query, folder.job, apis, wanted, most)
    number = 1
    while (old := folder.read(f"reports/{_name(number)}")) is not None and _begun(old):
        number += 1
    folder.write(f"reports/{_name(number)}", sheet.encode("utf-8-sig"))
    return folder.report_files.uri(f"{folder.reports}/{_name(number)}")


def sheet_csv(query: Query, job: str, apis: Sequence[Api], wanted: Wanted, most: int = ROWS) -> str:
    """Findings drawn from every name and confidence band alike, at most about `most` of them, each with its job."""
    reviewable = [api for api in apis if api.name_column and api.confidence_column]
    groups = len(counts(query, reviewable, apis, wanted))
    each = min(_MOST, max(_FEWEST, most // max(1, groups)))
    lines = [csv_line(COLUMNS)]
    left = most
    for api in reviewable:
        for row in records(query, _draw(query, api, apis, wanted, each), *_values(api, wanted))[:left]:
            left -= 1
            found = (row["item_id"], row["uri"], api.name, row["name"], f"{row['confidence']:.4f}", *_box(row))
            cells = (*found, "", "", job)
            lines.append(csv_line(defuse(cell) if isinstance(cell, str) else cell for cell in cells))
    return "".join(lines)


def counts(query: Query, apis: Sequence[Api], every: Sequence[Api], wanted: Wanted) -> dict[Group, int]:
    """Findings per API, name and confidence band; names that are no vocabulary count as one, ANY."""
    found: dict[Group, int] = {}
    for api in apis:
        if api.name_column and api.confidence_column:
            name = "?" if api.name_column in FREE else f"{named(api)}::varchar"
            sql = f"""
                select {name}, {band(api.confidence_column)}, count(*) from {api.table}
                where {_where(api, every, wanted)} group by all"""
            values = [*([ANY] if name == "?" else []), *_values(api, wanted)]
            for said, number, count in query.execute(sql, values).fetchall():
                found[api.name, said, number] = count
    return found


def _draw(query: Query, api: Api, apis: Sequence[Api], wanted: Wanted, each: int) -> str:
    """A query for `each` findings of every name and band, the same ones every time."""
    names = api.schema.names
    sides = [f'"{side}"' if side in names else f'null as "{side}"' for side in _SIDES]
    shown = f"{named(api)}::varchar as name, {api.confidence_column} as confidence"
    columns = ", ".join(["item_id", "uri", shown, *sides])
    group = "" if api.name_column in FREE else "one.name, "
    fields = ", ".join(f"'{name}': \"{name}\"" for name in ("item_id", "uri", "name", "confidence", *_SIDES))
    return f"""
        select one.* from (
            select unnest(arg_min(one, hash(one.item_id, one.name, one.confidence), {each})) as one
            from (select {{{fields}}} as one, {band("confidence")} as band
                from (select {columns} from {api.table} where {_where(api, apis, wanted)}))
            group by {group}band)
        order by one.name, one.confidence, one.item_id"""


def vocabulary(apis: Sequence[Api], verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Verdicts with the names that `counts` uses."""
    free = {api.name for api in apis if api.name_column in FREE}
    return [replace(verdict, name=ANY) if verdict.api in free else verdict for verdict in verdicts]


def _where(api: Api, apis: Sequence[Api], wanted: Wanted) -> str:
    condition = f"{matching(api, wanted)[0]} and {named(api)} is not null and {api.confidence_column} is not null"
    return condition + (f" and item_id in ({flagged(apis)})" if wanted.flagged else "")


def _values(api: Api, wanted: Wanted) -> list[str]:
    return matching(api, wanted)[1]


def _box(row: dict[str, float | None]) -> list[str]:
    return [f"{row[side]:.6f}" if row[side] is not None else "" for side in _SIDES]


def _begun(data: bytes) -> bool:
    """Somebody has written into it, or made something else of it."""
    try:
        return bool(read_verdicts(data))
    except UsageError:
        return True


def _name(number: int) -> str:
    return "review.csv" if number == 1 else f"review-{number}.csv"
