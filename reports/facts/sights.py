"""What the first line of a report counts: what became of the items, and in how many of them something is to be seen.

Rule: an item counts once for a sight, whichever APIs saw it. The names put into queries are those of declared schemas.
"""

# ruff: noqa: S608

from collections.abc import Mapping, Sequence
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

    Those the listing left out were not asked about, but for those that could not be read: they are told.
    """
    sql = """
        select status, coalesce(reason in (select unnest(?)), false),
            item_id in (select item_id from failures), count(*)
        from items group by all"""
    of = Outlook(noun=noun)
    for status, unread, called, items in query.execute(sql, [list(UNREAD)]).fetchall():
        asked = called or unread or status not in ("skipped", NOT_ASKED)
        of = replace(
            of,
            asked=of.asked + items * asked,
            answered=of.answered + items * (status in ("ok", "partial")),
            part=of.part + items * (status == "partial"),
            failed=of.failed + items * (status == "failed" and not unread),
            unread=of.unread + items * (status in ("skipped", "failed") and unread),
            unsent=of.unsent + items * (status == "skipped" and called and not unread),
            pending=of.pending + items * (status == "pending"),
            spared=of.spared + items * (status == NOT_ASKED),
        )
    return of


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
            _answered(several, answered),
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
    answered: int = query.execute(f"select count(*) from {table} where status in ('ok', 'partial')").fetchall()[0][0]
    return answered


def _answered(places: Sequence[tuple[Tabled, Sight]], answered: Mapping[str, int]) -> int:
    """Items that one of these APIs answered; a film is no picture."""
    found = [(isinstance(api, VideoApi), answered.get(api.name, 0)) for api, _ in places]
    return sum(max((items for is_film, items in found if is_film is kind), default=0) for kind in (False, True))


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
