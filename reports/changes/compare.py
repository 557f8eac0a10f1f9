"""Two jobs side by side, in DuckDB.

Rule: items are the same where their URI is; memory does not grow with the jobs, since each is written to a scratch disk
as the few columns that are compared. The names put into queries are those of declared schemas.
"""

# ruff: noqa: S608

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from jobs.apis.base import Tabled, VideoApi
from jobs.errors import UsageError
from jobs.folder import JobFolder
from reports.changes.values import MOVED_MS, SAMPLES, ApiChanges, Change, ChangeKind, Changes
from reports.facts.charts import named, times
from reports.query.query import open_files, open_tables, quoted
from reports.tables.layout import IMAGES, VIDEOS
from reports.tables.load import Tables, load_folder

BEFORE, AFTER = "before", "after"
NAMES = 10  # told of each kind
_KINDS = ("came", "went", "moved")
_ITEMS = """
    select uri, any_value(size) size, any_value(content) content from listed
    left join (select item_id, any_value(content) content from outcomes group by 1) using (item_id) group by 1"""
_CALLS = """
    select uri, api, any_value(model_version) model from outcomes join (select item_id, uri from listed) using (item_id)
    where outcome = 'ok' group by 1, 2"""

Query = duckdb.DuckDBPyConnection


@contextmanager
def compared(before: JobFolder, after: JobFolder, margin: float) -> Iterator["Comparison"]:
    """Both jobs, to be asked for their differences. Raises UsageError where their tables have another threshold."""
    jobs = {BEFORE: before, AFTER: after}
    names = [choice.api.name for choice in after.spec.choices]
    apis: list[Tabled] = [choice.api for choice in before.spec.choices if choice.api.name in names]
    with tempfile.TemporaryDirectory() as scratch:
        _same_threshold(jobs)
        files = {name: path for side, folder in jobs.items() for name, path in _written(folder, side, apis, scratch)}
        with open_files(files, scratch) as query:
            yield Comparison(query, before, after, tuple(apis), margin)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two jobs in DuckDB, a view for each thing compared."""

    query: Query
    before: JobFolder
    after: JobFolder
    apis: tuple[Tabled, ...]
    margin: float

    def changes(self) -> Changes:
        """The whole in numbers, with samples of each kind."""
        rows = self.query.execute(f"select what, count(*) from ({_items()}) group by 1").fetchall()
        samples = {what: tuple(self._items(what, SAMPLES)) for what in ("added", "gone", "altered")}
        counts = dict.fromkeys(("added", "gone", "altered", "same"), 0) | dict(rows)
        common = {api.name for api in self.apis}
        alone = {
            folder.job: tuple(choice.api.name for choice in folder.spec.choices if choice.api.name not in common)
            for folder in (self.before, self.after)
        }
        apis = tuple(map(self._api, self.apis))
        sampled = {folder.job: folder.spec.sample for folder in (self.before, self.after) if folder.spec.sample}
        return Changes(self.before.job, self.after.job, self.margin, counts, samples, apis, alone, sampled)

    def rows(self) -> Iterator[Change]:
        """Every change, items first; streamed."""
        for what in ("added", "gone", "altered"):
            yield from self._items(what)
        for api in self.apis:
            for what in _KINDS:
                yield from self._found(api, what)

    def _items(self, what: str, most: int | None = None) -> Iterator[Change]:
        for (uri,) in self._many(f"select uri from ({_items()}) where what = ? order by uri", [what], most):
            yield Change(what, "", uri, "")

    def _found(self, api: Tabled, what: str, most: int | None = None) -> Iterator[Change]:
        columns = "uri, name, was, is_now, was_ms, is_now_ms"
        sql = f"select {columns} from ({self._findings(api)}) where what = ? order by uri, name"
        for uri, name, *sides in self._many(sql, [what], most):
            yield Change(what, api.name, uri, name, *sides)

    def _many(self, sql: str, values: Sequence[Any], most: int | None) -> Iterator[tuple[Any, ...]]:
        cursor = self.query.cursor()
        cursor.execute(sql + (f" limit {most}" if most is not None else ""), list(values))
        while rows := cursor.fetchmany(1_000):
            yield from rows

    def _api(self, api: Tabled) -> ApiChanges:
        both, first, second = self.query.execute(
            """
            select count(*) filter (b.uri is not null and a.uri is not null),
                count(*) filter (a.uri is null), count(*) filter (b.uri is null)
            from (select uri from before_calls where api = ?) b
            full join (select uri from after_calls where api = ?) a on a.uri = b.uri""",
            [api.name, api.name],
        ).fetchall()[0]
        models = (self._models(BEFORE, api), self._models(AFTER, api))
        parameters = [
            next(choice.params for choice in folder.spec.choices if choice.api.name == api.name)
            for folder in (self.before, self.after)
        ]
        kinds = {what: self._kind(api, what) for what in _KINDS}
        other, timed = parameters[0] != parameters[1], isinstance(api, VideoApi)
        return ApiChanges(api.name, both, first, second, models, other, kinds, timed)

    def _models(self, side: str, api: Tabled) -> tuple[str, ...]:
        sql = f"select distinct model from {side}_calls where api = ? and model is not null order by 1"
        return tuple(model for (model,) in self.query.execute(sql, [api.name]).fetchall())

    def _kind(self, api: Tabled, what: str) -> ChangeKind:
        changed = f"(select * from ({self._findings(api)}) where what = ?)"
        sql = f"select count(*), count(distinct uri) from {changed}"
        findings, items = self.query.execute(sql, [what]).fetchall()[0]
        sql = f"select name, count(*) n from {changed} where name <> '' group by 1 order by n desc, name limit {NAMES}"
        names = dict(self.query.execute(sql, [what]).fetchall())
        return ChangeKind(findings, items, names, tuple(self._found(api, what, SAMPLES)))

    def _findings(self, api: Tabled) -> str:
        """A query for the findings that are not the same, on items that the API answered in both jobs."""
        sides = (f"select uri from {side}_calls where api = '{api.name}'" for side in (BEFORE, AFTER))
        answered = " intersect ".join(sides)
        return f"""
            select * from (
                select uri, name, b.confidence was, a.confidence is_now, b.first_ms was_ms, a.first_ms is_now_ms, case
                    when b.n is null then 'came' when a.n is null then 'went'
                    when abs(a.confidence - b.confidence) > {self.margin} then 'moved'
                    when abs(a.first_ms - b.first_ms) > {MOVED_MS} then 'moved' end what
                from before_{api.table} b full join after_{api.table} a using (uri, name))
            where what is not null and uri in ({answered})"""


def _items() -> str:
    """A query for what became of each item."""
    return """
        select uri, case when b.uri is null then 'added' when a.uri is null then 'gone'
            when case when split_part(a.content, ':', 1) = split_part(b.content, ':', 1)
                then a.content <> b.content else a.size <> b.size end then 'altered' else 'same' end what
        from before_items b full join after_items a using (uri)"""


def _same_threshold(jobs: dict[str, JobFolder]) -> None:
    found = {folder.job: load_folder(folder).built.min_confidence for folder in jobs.values()}
    if len(set(found.values())) > 1:
        told = " and ".join(f"{job} from {least or 0:g} %" for job, least in found.items())
        raise UsageError(f"the tables are at two thresholds: {told}", "Build them alike: `rekscan report JOB`.")


def _written(folder: JobFolder, side: str, apis: Sequence[Tabled], scratch: str) -> Iterator[tuple[str, str]]:
    """The job's columns that are compared, as files: view -> path."""
    tables = load_folder(folder)
    wanted = {"items": _ITEMS, "calls": _CALLS, **{api.table: _named(api) for api in apis}}
    with tempfile.TemporaryDirectory(dir=scratch) as own, open_tables(tables, own) as query:
        query.execute(f"create temp view listed as {_listed(tables)}")
        for name, sql in wanted.items():
            path = str(Path(scratch) / f"{side}-{name}.parquet")
            query.execute(f"COPY ({sql}) TO {quoted(path)} (FORMAT parquet)")
            yield f"{side}_{name}", path


def _listed(tables: Tables) -> str:
    """A query for the items of both kinds."""
    return " union all ".join(f"select item_id, uri, size from {name}" for name in (IMAGES, VIDEOS) if name in tables)


def _named(api: Tabled) -> str:
    """A query for an API's findings: each name once an item, at its highest confidence; of a film, where it is first
    seen."""
    columns = api.schema.names
    where = "type = 'LINE'" if {"type", "text"} <= set(columns) else "scope = 'image'" if "scope" in columns else "true"
    confidence = api.confidence_column or "null"
    first = times(api)[0] if isinstance(api, VideoApi) else "null"
    return f"""
        select uri, coalesce({named(api) or "null"}::varchar, '') name, max({confidence})::double confidence,
            min({first})::bigint first_ms, count(*) n
        from {api.table} where {where} group by 1, 2"""
