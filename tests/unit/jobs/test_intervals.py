"""Intervals: held against SciPy's, and against what they promise."""

from importlib import import_module
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.intervals import Stratum, mean, share, share_at_least


@pytest.fixture(scope="module")
def stats():
    return import_module("scipy.stats")  # takes a second, which each process that only collects would pay for


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 20), (9, 10), (37, 120), (500, 500), (3, 10_000)])
def test_a_share_is_wilsons_as_scipy_has_it(stats, hits, of):
    theirs = stats.binomtest(hits, of).proportion_ci(method="wilson")
    found = share(hits, of)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@pytest.mark.parametrize("values", [(1, 2), (0, 4, 9), (1, 1, 2, 8), (0, 3, 3, 5, 7, 9), tuple(range(50))])
def test_a_mean_is_students_as_scipy_has_it(stats, values):
    low, high = stats.t.interval(0.95, len(values) - 1, stats.tmean(values), stats.sem(values))
    found, half = mean(values), (high - low) / 2
    assert found.high - found.value == pytest.approx(half, rel=0.01)
    assert found.low == pytest.approx(max(0.0, low), abs=0.01 * half)


def test_parts_weigh_what_they_stand_for():
    alike = [Stratum(90, 100, 1000), Stratum(90, 100, 1000)]
    assert share_at_least(alike) == pytest.approx(share(180, 200).low, abs=0.01)
    assert share_at_least([Stratum(100, 100, 10), Stratum(50, 100, 990)]) < 0.5
    assert share_at_least([Stratum(9, 10, 10**6)]) == share(9, 10).low
    assert share_at_least([Stratum(5, 5, 100), Stratum(5, 5, 100)]) < 1


@given(st.integers(0, 500), st.integers(1, 500))
def test_ten_times_the_sample_says_more(hits, of):
    hits = min(hits, of)
    few, many = share(hits, of), share(10 * hits, 10 * of)
    assert many.high - many.low <= few.high - few.low
    assert share(hits, of, inf) == share(hits, of)


@given(st.integers(0, 200), st.integers(1, 200), st.integers(1, 10**6))
def test_a_share_lies_in_its_interval(hits, of, whole):
    hits, whole = min(hits, of), max(whole, of)
    found = share(hits, of, whole)
    assert 0 <= found.low <= found.value <= found.high <= 1
    if of == whole:
        assert found.low == pytest.approx(found.value) == pytest.approx(found.high)


def test_a_share_interval_holds_the_truth_about_95_times_in_100():
    random, truth = Random(7), 0.1
    held = 0
    for _ in range(2000):
        hits = sum(random.random() < truth for _ in range(60))
        found = share(hits, 60, 10**9)
        held += found.low <= truth <= found.high
    assert 0.93 < held / 2000 < 0.98


def test_a_mean_interval_holds_the_truth_about_95_times_in_100():
    random, held = Random(7), 0
    for _ in range(2000):
        found = mean([random.randrange(7) for _ in range(8)], 10**9)
        held += found.low <= 3 <= found.high
    assert 0.93 < held / 2000 < 0.97


def test_one_value_sets_no_upper_end():
    assert mean([3], 100).to_json() == {"low": 0.0, "value": 3.0, "high": None}
    assert mean([], 100).to_json()["high"] is None
