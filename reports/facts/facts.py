"""The job in numbers, by queries over its tables and outcomes.

Rule: one pass of DuckDB per question, so time grows with the job and memory does not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from jobs.apis import Choice, VideoChoice
from jobs.codes import Code
from jobs.folder import JobSpec
from jobs.plan.near import inherited, missed
from reports.facts.causes import advice
from reports.facts.charts import found
from reports.facts.sights import outlook, seen
from reports.facts.values import Calls, Cause, Facts, Moment, Timeline
from reports.facts.whole import whole
from reports.tables.layout import IMAGES, VIDEOS

SLICES = 100  # of the timeline
CAUSES = 40
SAMPLES = 5

Query = duckdb.DuckDBPyConnection
# A film whose frames were asked about is no item beside them: they stand for it.
_ITEMS = "select item_id, uri, size, status, reason from {table} where reason is distinct from '{frames}'"


def gather(query: Query, spec: JobSpec, tables: Mapping[str, Any]) -> Facts:
    """Everything of the report but its pictures. `query` has the job's tables and `outcomes`."""
    listing = [name for name in (IMAGES, VIDEOS) if name in tables]
    answered, since = _answered(query), _since(query, listing)
    several = [_ITEMS.format(table=name, frames=Code.AS_FRAMES) for name in listing]
    query.execute(f"create or replace temp view items as {' union all '.join(several)}")
    each = tuple(found(query, choice.api, answered.get(choice.api.name, 0)) for choice in spec.choices)
    costs = records(query, "select * from costs") if "costs" in tables else ()
    calls = tuple(
        replace(_calls(query, choice, near=spec.options.near is not None), undecided=_undecided(choice, costs))
        for choice in spec.choices
    )
    return Facts(
        items=dict(query.execute("select status, count(*) from items group by 1 order by 2 desc").fetchall()),
        skips=_skips(query, spec),
        bytes=query.execute("select coalesce(sum(size), 0) from items where status <> 'skipped'").fetchall()[0][0],
        calls=calls,
        found=each,
        causes=_causes(query, spec.job),
        timeline=_timeline(query),
        costs=costs,
        outlook=outlook(query, _noun(spec)),
        seen=seen(query, spec, each, answered),
        new=since.pop(spec.job, 0),
        earlier=since,
        whole=whole(query, spec),
        near=tuple(_near(spec, calls)),
    )


def records(query: Query, sql: str, *values: Any) -> tuple[dict[str, Any], ...]:
    """A query's rows by column name."""
    cursor = query.execute(sql, list(values))
    names = [column[0] for column in cursor.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def _answered(query: Query) -> dict[str, int]:
    return dict(query.execute("select api, count(*) from outcomes where outcome = 'ok' group by 1").fetchall())


def _noun(spec: JobSpec) -> str:
    """What a person calls the job's items."""
    return "picture" if not spec.video_apis and not spec.options.frames else "item" if spec.apis else "film"


def _since(query: Query, tables: Sequence[str]) -> dict[str, int]:
    """Answered items by the job that first got an answer on them, the newest first."""
    having = [
        table for table in tables if "since" in [name for name, *_ in query.execute(f"describe {table}").fetchall()]
    ]
    if not having:
        return {}  # tables of an earlier version
    items = " union all ".join(f"select since from {table}" for table in having)  # noqa: S608
    sql = f"select since, count(*) from ({items}) where since is not null group by 1 order by 1 desc"  # noqa: S608
    return dict(query.execute(sql).fetchall())


def _near(spec: JobSpec, calls: Sequence[Calls]) -> Iterator[str]:
    """What --near saved, and what it may have missed."""
    some = [one for one in calls if one.inherited]
    yield from (f"{inherited(one.api, one.inherited)}." for one in some)
    if some and spec.near is not None:
        yield from missed(spec.near)


def _skips(query: Query, spec: JobSpec) -> dict[str, int]:
    """Items the listing left out, by reason; calls that were skipped later are among the causes."""
    if spec.sample:  # they have no rows
        there = spec.plan.items
        of = Counter({**there.skipped, "video": there.videos})  # of which nothing is asked
        return {reason: items for reason, items in of.most_common(40) if items}
    sql = """
        select reason, count(*) from items where status = 'skipped'
        and item_id not in (select item_id from failures) group by 1 order by 2 desc limit 40"""
    return dict(query.execute(sql).fetchall())


def _calls(query: Query, choice: Choice | VideoChoice, *, near: bool) -> Calls:
    """Answered calls are counted in the outcomes, the others in `failures`, where a retry has replaced them."""
    name = choice.api.name
    seen = records(
        query,
        """
        select count(*) filter (outcome = 'ok') ok,
            count(*) filter (outcome = 'ok' and sent = 'known') known,
            coalesce(sum(maybe_billed), 0) maybe, coalesce(sum(greatest(attempts - 1, 0)), 0) again,
            approx_quantile(latency_ms, 0.5) median, approx_quantile(latency_ms, 0.95) slow,
            list_sort(list(distinct model_version) filter (model_version is not null)) versions
        from outcomes where api = ?""",
        name,
    )[0]
    bad = query.execute("select outcome, count(*) from failures where api = ? group by 1", [name]).fetchall()
    ends = dict(bad)
    return Calls(
        name, seen["ok"], ends.get("skipped", 0), ends.get("failed", 0), seen["known"], int(seen["maybe"]),
        int(seen["again"]), seen["median"], seen["slow"], tuple(seen["versions"] or ()), dict(choice.params),
        _not_asked(query, name) if choice.when else 0, choice.when, _inherited(query, name) if near else {},
    )  # fmt: skip


def _inherited(query: Query, api: str) -> dict[int, int]:
    sql = """
        select images.distance, count(*) from outcomes join images using (item_id)
        where outcomes.api = ? and outcomes.outcome = 'ok' and outcomes.sent = 'inherited' group by 1"""
    return dict(query.execute(sql, [api]).fetchall())


def _not_asked(query: Query, api: str) -> int:
    sql = "select count(*) from images where list_contains(string_split(not_asked, '; '), ?)"
    return int(query.execute(sql, [api]).fetchall()[0][0])


def _undecided(choice: Choice | VideoChoice, costs: Iterable[Mapping[str, Any]]) -> int:
    """Calls whose condition could not be decided; tables of an earlier version do not tell. An API has a row a meter
    and place."""
    by_meter = Counter[str]()
    for row in costs:
        if row["api"] == choice.api.name:
            by_meter[row["meter"]] += row.get("undecided") or 0
    return max(by_meter.values(), default=0)


def _causes(query: Query, job: str) -> tuple[Cause, ...]:
    sql = """
        select outcome, coalesce(code, outcome) code, count(*) calls, count(distinct item_id) items,
            list_sort(list(distinct api)) apis, any_value(message) message, arg_min(uri, item_id, ?) samples,
            arg_min(item_id, item_id, ?) ids
        from failures group by 1, 2 order by outcome, calls desc, code limit ?"""
    return tuple(
        Cause(
            one["outcome"], one["code"], one["calls"], one["items"], tuple(one["apis"]), one["message"] or "",
            advice(job, one["outcome"], one["code"]), tuple(samples.values()), tuple(samples),
        )
        for one in records(query, sql, SAMPLES * 4, SAMPLES * 4, CAUSES)
        for samples in [dict(zip(one["ids"], one["samples"], strict=True))]
    )  # fmt: skip


def _timeline(query: Query) -> Timeline | None:
    """Calls answered and requests throttled over time, None where nothing was sent."""
    sent = "from outcomes where attempts > 0 and started_at is not null"
    done = "epoch(started_at) + coalesce(latency_ms, 0) / 1000"
    low, high = query.execute(f"select epoch(min(started_at)), max({done}) {sent}").fetchall()[0]
    if low is None:
        return None
    step = max(0.25, (high - low) / SLICES)
    cursor = query.execute(
        f"select floor(({done} - ?) / ?)::int, count(*), sum(throttles) {sent} group by 1", [low, step]
    )
    slices = {number: (count, throttled) for number, count, throttled in cursor.fetchall()}
    moments = tuple(
        Moment(datetime.fromtimestamp(low + n * step, UTC), count / step, float(throttled) / step)
        for n in range(max(slices) + 1)
        for count, throttled in [slices.get(n, (0, 0))]
    )
    return Timeline(datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC), step, moments)
