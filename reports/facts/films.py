"""Which films the report shows, when what was seen in them, and at which moments a picture of them is taken.

Rule: what is found does not grow with the findings: a strip has SLOTS slots and a lane for few names, and findings
that touch in a slot are one span. The names put into queries are those of declared schemas.
"""

# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from jobs.apis.base import VideoApi
from reports.facts.charts import FREE, times
from reports.facts.doors import readable
from reports.facts.facts import records
from reports.facts.gallery import FINDINGS, Wanted, finding, is_review, matching, shown_columns, shown_rows
from reports.facts.values import Films, Finding, Lane, Still, Strip

FILMS = 24  # on the page
SLOTS = 300  # of a strip, at most
LEAST_MS = 1000  # of a slot
LANES = 6  # of an API
MOMENTS = 6  # of a lane that are told
STILLS = 5  # of a film
ALL_STILLS = 60  # of a report
_NAMES = 400  # of a film that moments are chosen from

Query = duckdb.DuckDBPyConnection


def film_strips(query: Query, apis: Sequence[VideoApi], wanted: Wanted) -> Films:
    """The films without their pictures, of a job that asked `apis`."""
    if not apis:
        return Films()
    chosen, answered = _chosen(query, apis, wanted)
    strips: list[Strip] = []
    left = ALL_STILLS
    for place, film in enumerate(chosen):
        stills = _stills(query, apis, wanted, film, min(STILLS, left // (len(chosen) - place) + 1, left))
        left -= len(stills)
        lanes = [lane for api in apis for lane in _lanes(query, api, film)]
        hidden = sum(_names(query, api, film) for api in apis) - len(lanes)
        strips.append(
            Strip(
                film.item_id, film.uri, film.status, film.length_ms, film.slots, film.step_ms, tuple(lanes), stills,
                max(0, hidden),
            )
        )  # fmt: skip
    return Films(tuple(strips), answered)


@dataclass(frozen=True, slots=True)
class _Film:
    item_id: int
    uri: str
    status: str
    length_ms: int

    @property
    def step_ms(self) -> int:
        """Of one slot: a second at least, within which AWS looks twice."""
        return max(LEAST_MS, -(-self.length_ms // SLOTS))

    @property
    def slots(self) -> int:
        return max(1, -(-self.length_ms // self.step_ms))

    def slot_of(self, value: str) -> str:
        return f"least(greatest({value}, 0) // {self.step_ms}, {self.slots - 1})"


def _chosen(query: Query, apis: Sequence[VideoApi], wanted: Wanted) -> tuple[list[_Film], int]:
    """Those with content to review first, then those with most findings; and how many there are to choose from."""
    review = [api for api in apis if is_review(api)]
    found = " union all ".join(f"select item_id, count(*) n from {api.table} group by 1" for api in apis)
    flagged = (
        " union ".join(f"select item_id from {api.table}" for api in review) or "select item_id from videos where false"
    )
    matches: list[str] = []
    values: list[Any] = []
    for api in apis if wanted.label else ():
        condition, more = matching(api, wanted)
        matches.append(f"select item_id from {api.table} where {condition}")
        values += more
    narrowed = f"and item_id in ({' union '.join(matches)})" if matches else ""
    narrowed += f" and item_id in ({flagged})" if wanted.flagged else ""
    if wanted.since is not None:
        narrowed += " and since = ?"
        values.append(wanted.since)
    sql = f"""
        from videos left join (select item_id, sum(n) n from ({found}) group by 1) using (item_id)
        where status in ('ok', 'partial') {narrowed}"""
    answered = query.execute(f"select count(*) {sql}", values).fetchall()[0][0]
    rows = query.execute(
        f"select item_id, uri, status, coalesce(length_ms, 0) {sql} "
        f"order by item_id in ({flagged}) desc, n desc nulls last, item_id limit {FILMS}",
        values,
    ).fetchall()
    return [_Film(*row) for row in rows], answered


def _lane_name(api: VideoApi) -> str:
    """What lanes of an API are told apart by: its names, where they are a vocabulary."""
    return f"{api.name_column}::varchar" if api.name_column and api.name_column not in _ONE_LANE else "null::varchar"


_ONE_LANE = (*FREE, "emotion")


def _names(query: Query, api: VideoApi, film: _Film) -> int:
    sql = f"select count(*) from (select distinct {_lane_name(api)} from {api.table} where item_id = {film.item_id})"
    count: int = query.execute(sql).fetchall()[0][0]
    return count


def _lanes(query: Query, api: VideoApi, film: _Film) -> list[Lane]:
    """The names of most slots, each with its spans, found in one pass over the film's rows."""
    low, high = times(api)
    first, last = film.slot_of(low), film.slot_of(f"greatest({high} - 1, {low})")
    begins = "slot = first" if _is_cut(api) else "false"
    sql = f"""
        with spans as (
            select {_lane_name(api)} as name, {first} as first, {last} as last
            from {api.table} where item_id = {film.item_id} and {low} is not null),
        seen as (
            select name, slot, bool_or({begins}) as begins
            from (select name, first, unnest(range(first, last + 1)) as slot from spans) group by 1, 2),
        best as (select name, count(*) n from seen group by 1 order by n desc, name limit {LANES})
        select best.name, list((slot, begins) order by slot)
        from seen join best on seen.name is not distinct from best.name
        group by best.name, n order by n desc, best.name"""
    return [_lane(api, film, name, slots) for name, slots in query.execute(sql).fetchall()]


def _is_cut(api: VideoApi) -> bool:
    """Its rows divide a film: where one begins is what counts."""
    return "start_frame" in api.schema.names


def _lane(api: VideoApi, film: _Film, name: str | None, slots: list[tuple[int, bool]]) -> Lane:
    spans: list[tuple[int, int]] = []
    for slot, begins in slots:
        if spans and spans[-1][1] == slot - 1 and not begins:
            spans[-1] = spans[-1][0], slot
        else:
            spans.append((slot, slot))
    longest = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))[:MOMENTS]
    moments = tuple(sorted(first * film.step_ms for first, _ in longest))
    title = readable(name) if name else api.table.removeprefix("video_").replace("_", " ").capitalize()
    seen_ms = min(len(slots) * film.step_ms, film.length_ms)
    return Lane(api.name, title, tuple(spans), seen_ms, moments, _is_cut(api))


def _stills(query: Query, apis: Sequence[VideoApi], wanted: Wanted, film: _Film, most: int) -> tuple[Still, ...]:
    """Of each name the surest moment: content to review first, then what has a box, then what was seen least."""
    moments: list[tuple[bool, bool, int, str, int]] = []
    for api in apis:
        condition, values = matching(api, wanted)
        at, name = times(api)[0], _lane_name(api)
        box = '"left"' if "left" in api.schema.names else "null"
        sql = f"""
            select {name}, count({box}) > 0, count(*) n, arg_max({at}, {api.confidence_column or 0}) from {api.table}
            where item_id = {film.item_id} and {at} is not null and {condition}
            group by 1 order by 2 desc, n, 1 limit {_NAMES}"""
        moments += [
            (not is_review(api), not boxed, n, readable(said or api.name), moment)
            for said, boxed, n, moment in query.execute(sql, values).fetchall()
            if moment is not None and 0 <= moment <= max(film.length_ms, 0)
        ]
    picked: dict[int, str] = {}
    for *_, title, moment in sorted(moments):
        if len(picked) < most and all(abs(moment - other) >= film.step_ms for other in picked):
            picked[moment] = title
    return tuple(_still(query, apis, film, moment, title) for moment, title in sorted(picked.items()))


def _still(query: Query, apis: Sequence[VideoApi], film: _Film, at_ms: int, title: str) -> Still:
    found: list[Finding] = []
    sensitive = False
    for api in apis:
        low, high = times(api)
        sql = f"""
            select {shown_columns(api)} from {shown_rows(api)}
            and item_id = {film.item_id} and {at_ms} between {low} and greatest({high} - 1, {low}) limit {FINDINGS}"""
        rows: Sequence[dict[str, Any]] = records(query, sql)
        found += [finding(api, row) for row in rows]
        sensitive = sensitive or (is_review(api) and bool(rows))
    ranked = sorted(found, key=lambda one: (one.box is None, -(one.confidence or 0)))
    return Still(at_ms, title, sensitive, tuple(ranked[:FINDINGS]))
