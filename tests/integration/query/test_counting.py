"""Counts over slices of the items against plain Python."""

import statistics
from collections import Counter

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.query import counting
from reports.query.counting import median, slices, summed


@pytest.mark.parametrize("items", [[], [0], [7], [0, 0, 5, 10, 10, 29, 30, 31, 95]])
def test_every_row_is_in_one_slice(items: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SLICE", 10)
    query = duckdb.connect()
    query.execute("create table found as select unnest(?::bigint[]) item_id", [items])
    seen = [query.execute(f"select item_id from {rows}").fetchall() for rows in slices(query, "found")]
    assert sorted(item for rows in seen for (item,) in rows) == items


def test_distinct_items_of_a_name_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SLICE", 3)
    rows = [(item, name) for item in range(20) for name in "abc" if item % (ord(name) - 94) == 0 for _ in range(2)]
    query = duckdb.connect()
    query.execute("create table found (item_id bigint, name varchar)")
    query.executemany("insert into found values (?, ?)", rows)
    counts = summed(query, slices(query, "found"), "select name, count(distinct item_id) from {rows} group by 1")
    assert counts == Counter((name,) for _, name in set(rows))


@given(st.dictionaries(st.floats(0, 100), st.integers(1, 50)))
def test_the_median_is_that_of_the_values(counts: dict[float, int]) -> None:
    values = list(Counter(counts).elements())
    assert median(counts) == (statistics.median_low(values) if values else None)
