"""Counts whose memory does not grow with the archive.

Rule: distinct items are counted slice by slice and medians taken from counts: DuckDB keeps all it has seen for either,
and gives up when its memory is full.
"""

# ruff: noqa: S608

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

SLICE = 100_000  # items
FILMS = 200  # of a slice: an hour has as many findings as a thousand pictures

Query = duckdb.DuckDBPyConnection


def slices(query: Query, table: str, films: bool = False) -> Iterator[str]:
    """The table's rows in pieces, to be read from: no item is in two of them. `films`: its items are films, of which
    about FILMS are in one."""
    for within in ranges(query, table, films):
        yield f"(select * from {table} where {within})"


def ranges(query: Query, table: str, films: bool = False) -> Iterator[str]:
    """Conditions that part the table's items."""
    sql = f"select min(item_id), max(item_id), approx_count_distinct(item_id) from {table}"
    low, high, items = query.execute(sql).fetchall()[0]
    size = max(FILMS, (high - low + 1) * FILMS // items) if films and low is not None else SLICE
    for start in range(low, high + 1, size) if low is not None else ():
        yield f"item_id between {start} and {start + size - 1}"


def summed(query: Query, pieces: Iterable[str], sql: str) -> Counter[tuple[Any, ...]]:
    """What `sql`, over `{rows}`, counts in its last column, by the columns before it, over all slices."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for rows in pieces:
        for *group, count in query.execute(sql.format(rows=rows)).fetchall():
            counts[tuple(group)] += count
    return counts


def median(counts: Mapping[float, int]) -> float | None:
    """Of values of which each was found so often; the lower of two in the middle."""
    half, so_far = sum(counts.values()) / 2, 0
    for value in sorted(counts):
        so_far += counts[value]
        if so_far >= half:
            return value
    return None
