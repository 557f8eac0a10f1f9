"""What the first line of a report counts: what became of the items, and in how many of them something is to be seen.

Rule: an item counts once for a sight, whichever APIs saw it. The names put into queries are those of declared schemas.
"""

# ruff: noqa: S608

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import duckdb

from jobs.apis.base import Tabled, VideoApi
from jobs.apis.sights import Sight
from jobs.codes import Code
from jobs.folder import JobSpec
from jobs.outcomes import NOT_ASKED
from reports.facts.values import Found, Outlook, Seen
from reports.query.counting import ranges
from reports.tables.layout import IMAGES, VIDEOS

UNREAD = (Code.UNREADABLE, Code.EMPTY, Code.TRUNCATED, Code.BROKEN, Code.CRASHED_DECODER, Code.NOT_DOWNLOADED)

Query = duckdb.DuckDBPyConnection


def outlook(query: Query, noun: str) -> Outlook:
    """What became of the items, which a person calls by this `noun`.

    Those the listing left out are no pictures, in a plan neither; of them those that could not be read are told.
    """
    sql = """
        select status, coalesce(reason in (select unnest(?)), false),
            item_id in (select item_id from failures), count(*)
        from items group by all"""
    of = Outlook(noun=noun)
    for status, unread, called, items in query.execute(sql, [list(UNREAD)]).fetchall():
        asked = called or status not in ("skipped", NOT_ASKED)
        of = replace(
            of,
            asked=of.asked + items * asked,
            answered=of.answered + items * (status in ("ok", "partial")),
            part=of.part + items * (status == "partial"),
            failed=of.failed + items * (status == "failed" and not unread),
            unread=of.unread + items * (status in ("skipped", "failed") and unread and asked),
            unsent=of.unsent + items * (status == "skipped" and called and not unread),
            unlisted=of.unlisted + items * (unread and not asked),
            pending=of.pending + items * (status == "pending"),
            spared=of.spared + items * (status == NOT_ASKED),
        )
    so_far = _so_far(query, "items") if of.pending else 0
    return replace(of, answered=of.answered + so_far, part=of.part + so_far, pending=of.pending - so_far)


def seen(query: Query, spec: JobSpec, found: Sequence[Found], answered: Mapping[str, int]) -> tuple[Seen, ...]:
    """Every sight of the job's APIs, in their order."""
    places: dict[str, list[tuple[Tabled, Sight]]] = {}
    for api in (choice.api for choice in spec.choices):
        for sight in api.sights:
            places.setdefault(sight.some, []).append((api, sight))
    said = {sight.value for several in places.values() for _, sight in several}
    names = {one.api: [(bar.label, int(bar.value or 0)) for bar in one.charts[0].bars] for one in found if one.charts}
    answering = {is_film: _answering(query, is_film, spec) for is_film in (False, True)}
    return tuple(
        Seen(
            max((sight for _, sight in several), key=lambda sight: sight.none),
            _items(query, several),
            _answered(query, [api for api, _ in several], answered, answering),
            tuple(
                pair for api, sight in several if sight.named for pair in names.get(api.name, ()) if pair[0] not in said
            ),
            sum(answering[is_film] for is_film in {isinstance(api, VideoApi) for api, _ in several}),
        )
        for several in places.values()
    )


def _answering(query: Query, is_film: bool, spec: JobSpec) -> int:
    """Pictures, or films, that any API answered."""
    if not (spec.video_apis if is_film else spec.apis):
        return 0
    table = VIDEOS if is_film else IMAGES
    states: dict[str, int] = dict(query.execute(f"select status, count(*) from {table} group by 1").fetchall())
    so_far = _so_far(query, table) if "pending" in states else 0
    return states.get("ok", 0) + states.get("partial", 0) + so_far


def _so_far(query: Query, table: str) -> int:
    """Items that wait for an API, and have the answer of another."""
    return sum(
        query.execute(
            f"select count(*) from {table} where {within} and status = 'pending'"
            f" and item_id in (select item_id from outcomes where {within} and outcome = 'ok')"
        ).fetchall()[0][0]
        for within in ranges(query, table)
    )


def _answered(query: Query, apis: Sequence[Tabled], answered: Mapping[str, int], answering: Mapping[bool, int]) -> int:
    """Items that one of these APIs answered; a film is no picture."""
    total = 0
    for is_film, most in answering.items():
        names = {api.name for api in apis if isinstance(api, VideoApi) is is_film}
        found = max((answered.get(name, 0) for name in names), default=0)
        total += _of_either(query, names) if len(names) > 1 and found < most else found
    return total


def _of_either(query: Query, names: Collection[str]) -> int:
    """Items with an answer of any of these APIs, where none of them answered all."""
    sql = "select count(distinct item_id) from outcomes where outcome = 'ok' and api in (select unnest(?)) and "
    return sum(query.execute(sql + within, [list(names)]).fetchall()[0][0] for within in ranges(query, "items"))


def _items(query: Query, places: Sequence[tuple[Tabled, Sight]]) -> int:
    """Items with a row in any of these places."""
    values = [sight.value for _, sight in places if sight.value is not None]
    total = 0
    for within in ranges(query, "items"):
        rows = " union all ".join(
            f"select item_id from {api.table} where {within} and {where(sight)}" for api, sight in places
        )
        total += query.execute(f"select count(distinct item_id) from ({rows})", values).fetchall()[0][0]
    return total


def where(sight: Sight) -> str:
    """The SQL of its rows; `?` stands for its value, where it has one."""
    if sight.column is None:
        return "true"
    return f'"{sight.column}" is not null' if sight.value is None else f'"{sight.column}" = ?'
