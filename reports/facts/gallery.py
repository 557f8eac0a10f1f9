"""Which items the gallery shows, and what was found on them.

Rule: the sample is drawn per name and confidence band, the rarest groups first, so that rare and borderline findings
are seen; the same tables give the same sample. The names put into queries are those of declared schemas.
"""

# ruff: noqa: S608

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

import duckdb

from jobs.apis.base import Api, Tabled, VideoApi
from jobs.words import short
from reports.bands import EDGES, band, band_title
from reports.facts.charts import FREE, HEX, named
from reports.facts.colors import color_name
from reports.facts.doors import marked_columns, marks, readable
from reports.facts.facts import records
from reports.facts.values import Finding, Gallery, Shot
from reports.tables.layout import IMAGES, VIDEOS

PER_GROUP = 16  # items remembered of each group
MANY_NAMES = 400  # a table with more names is sampled by band alone
FINDINGS = 40  # shown of one item
PROBLEMS = 40  # items that failed or were not sent

Query = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is narrowed to: names that match a pattern (`Weapons*`), items with content to review, items that
    were first answered in a job (`since`)."""

    label: str | None = None
    flagged: bool = False
    since: str | None = None

    def __str__(self) -> str:
        parts = [f"names like {self.label}" if self.label else "", "flagged items" if self.flagged else ""]
        parts.append("items new in this job" if self.since else "")
        return " and ".join(part for part in parts if part)


def is_review(api: Tabled) -> bool:
    """Its rows are content to review: AWS ranks them in a taxonomy of what people object to."""
    return "taxonomy_level" in api.schema.names


def sample(
    query: Query, apis: Sequence[Api], wanted: Wanted, limit: int, problems: Mapping[int, str] = MappingProxyType({})
) -> Gallery:
    """The gallery without its pictures: at most `limit` items. `problems`: items to show too, and what befell them."""
    aside = dict(islice(problems.items(), min(PROBLEMS, limit))) if not str(wanted) else {}
    limit -= len(aside)
    groups = [group for api in apis for group in _groups(query, api, apis, wanted)]
    groups.sort(key=lambda group: (group.rows, group.title))
    picked: dict[int, str] = {}
    covered: set[int] = set()
    for turn in range(PER_GROUP):
        for group in groups:
            if len(picked) >= limit:
                break
            if turn < len(group.items) and group.items[turn] not in picked:
                picked[group.items[turn]] = group.title
        covered |= {n for n, group in enumerate(groups) if any(item in picked for item in group.items[: turn + 1])}
    picked |= {item: title for item, title in aside.items() if item not in picked}
    return Gallery(tuple(_shots(query, apis, picked)), len(groups), len(covered), str(wanted))


def matching(api: Tabled, wanted: Wanted) -> tuple[str, list[Any]]:
    """A condition on an API's rows, and its values."""
    if wanted.label is not None and api.name_column is None:
        return "false", []
    parts = [f"lower({named(api)}) glob lower(?)"] if wanted.label is not None else []
    items = VIDEOS if isinstance(api, VideoApi) else IMAGES
    parts += [f"item_id in (select item_id from {items} where since = ?)"] if wanted.since is not None else []
    return " and ".join(parts) or "true", [value for value in (wanted.label, wanted.since) if value is not None]


def flagged(apis: Iterable[Api]) -> str:
    """A query for the items with content to review."""
    tables = [f"select item_id from {api.table}" for api in apis if is_review(api)]
    return " union ".join(tables) or "select item_id from images where false"


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    rows: int
    items: list[int]


def _groups(query: Query, api: Api, apis: Sequence[Api], wanted: Wanted) -> list[_Group]:
    if "hex_code" in api.schema.names:  # colours say nothing about what is in a picture
        return []
    condition, values = matching(api, wanted)
    if wanted.flagged:
        condition += f" and item_id in ({flagged(apis)})"
    name = named(api) or "null"
    several = query.execute(f"select approx_count_distinct({name}) from {api.table}").fetchall()[0][0]
    name = name if several <= MANY_NAMES and api.name_column not in FREE else "null"
    where = band(api.confidence_column) if api.confidence_column else str(len(EDGES) - 2)
    sql = f"""
        select {name}::varchar name, {where} band, count(*) n, arg_min(item_id, hash(item_id), {PER_GROUP}) items
        from {api.table} where {condition} group by all"""
    return [
        _Group(
            f"{readable(one['name'] or api.name)}, {band_title(one['band'])}",
            one["n"],
            list(dict.fromkeys(one["items"])),
        )
        for one in records(query, sql, *values)
    ]


def _shots(query: Query, apis: Sequence[Api], picked: dict[int, str]) -> list[Shot]:
    if not picked:
        return []
    found: dict[int, list[Finding]] = {item: [] for item in picked}
    sensitive: set[int] = set()
    for api in apis:
        for item, finding in _findings(query, api, picked):
            found[item].append(finding)
            if is_review(api):
                sensitive.add(item)
    sql = f"select item_id, uri, kind, status from images where item_id in ({_list(picked)})"
    known = {one["item_id"]: one for one in records(query, sql)}
    shots = []
    for item, title in picked.items():
        if item not in known:  # a film with a problem: films have their strips
            continue
        ranked = sorted(found[item], key=lambda one: (one.color is not None, -(one.confidence or 0)))
        shots.append(
            Shot(
                **known[item], sampled_for=title, sensitive=item in sensitive, findings=tuple(ranked[:FINDINGS]),
                hidden=max(0, len(ranked) - FINDINGS),
            )
        )  # fmt: skip
    return shots


def _findings(query: Query, api: Api, picked: Iterable[int]) -> Iterable[tuple[int, Finding]]:
    sql = f"select item_id, {shown_columns(api)} from {shown_rows(api)} and item_id in ({_list(picked)})"
    return [(row["item_id"], finding(api, row)) for row in records(query, sql)]


def shown_columns(api: Tabled) -> str:
    """What `finding` takes of a row."""
    wanted = {
        "confidence": api.confidence_column,
        **{name: name if name in api.schema.names else None for name in _SHOWN},
    }
    return (
        ", ".join((f'"{column}"' if column else "null") + f' as "{name}"' for name, column in wanted.items())
        + f", {named(api) or 'null'} as name{marked_columns(api)}"
    )


def shown_rows(api: Tabled) -> str:
    """A table with a condition on its rows: what is there twice is shown once."""
    condition = "true"
    if {"type", "text"} <= set(api.schema.names):
        condition = "type = 'LINE'"
    elif "scope" in api.schema.names:
        condition = "scope = 'image' and rank <= 5"
    return f"{api.table} where {condition}"


_SHOWN = (
    "left",
    "top",
    "width",
    "height",
    "age_low",
    "age_high",
    "gender",
    "parents",
    "parent_name",
    "hex_code",
    "face",
)


def finding(api: Tabled, row: dict[str, Any]) -> Finding:
    sides = (row["left"], row["top"], row["width"], row["height"])
    age = f"{row['age_low']} to {row['age_high']} years" if row["age_low"] is not None else ""
    under = row["parents"] or row["parent_name"]
    details = (age, row["gender"] or "", f"in {under}" if under else "")
    shown = str if api.name_column in FREE else readable
    code = row["hex_code"] if row["hex_code"] and re.fullmatch(HEX, row["hex_code"]) else None
    name = (
        color_name(code)
        if code
        else shown(row["name"])
        if row["name"] is not None
        else f"{api.name} {row['face'] or ''}".strip()
    )
    return Finding(
        api=api.name,
        name=name,
        detail=", ".join(part for part in details if part),
        confidence=row["confidence"],
        box=sides if None not in sides else None,
        color=code,
        marks=tuple(marks(api, row)),
        raw=short(row["name"], 200) if row["name"] is not None and row["confidence"] is not None else None,
    )


def _list(items: Iterable[int]) -> str:
    return ", ".join(str(int(item)) for item in items)
