"""Intervals: held against SciPy's, and against what they promise."""

from importlib import import_module
from math import inf
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.intervals import Stratum, mean, share, share_at_least, share_of_whole


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


parts = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 10_000)).map(
        lambda part: Stratum(min(part[0], part[1]), part[1], part[1] + part[2] + part[3], part[2])
    ),
    max_size=6,
)


@given(parts)
def test_a_share_of_the_whole_lies_in_its_interval_whatever_is_open(strata):
    found = share_of_whole(strata)
    assert 0 <= found.low <= found.value <= found.high <= 1
    whole = sum(part.whole for part in strata)
    if whole and any(part.of for part in strata):
        seen, others = sum(part.hits for part in strata), sum(part.of - part.hits for part in strata)
        assert found.low * whole <= whole - others + 1e-6 and found.high * whole >= seen - 1e-6


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 10_000))
def test_of_one_stratum_the_share_of_the_whole_is_wilsons(hits, of, more):
    hits = min(hits, of)
    found, plain = share_of_whole([Stratum(hits, of, of + more)]), share(hits, of, of + more)
    assert found.value == pytest.approx(plain.value)
    assert (found.low, found.high) == pytest.approx(
        (max(plain.low, hits / (of + more)), min(plain.high, 1 - (of - hits) / (of + more))), abs=1e-9
    )


def test_what_was_looked_at_whole_is_certain_and_what_is_open_is_not():
    certain = share_of_whole([Stratum(3, 10, 10), Stratum(0, 5, 5)])
    assert certain.low == pytest.approx(0.2) == pytest.approx(certain.high)
    doubtful = share_of_whole([Stratum(3, 8, 10, open=2), Stratum(0, 5, 5)])
    assert (doubtful.low, doubtful.high) == (pytest.approx(0.2), pytest.approx(5 / 15))
    unseen = share_of_whole([Stratum(3, 10, 10), Stratum(0, 0, 30)])
    assert (unseen.low, unseen.high) == (pytest.approx(3 / 40), pytest.approx(33 / 40))


@pytest.mark.parametrize(
    "shares, sizes, drawn",
    [
        ((0.1,), (2_000,), 0.05),
        ((0.0, 0.02, 0.9), (4_000, 3_000, 1_000), 0.05),
        ((0.01, 0.01, 0.01, 0.2), (900, 900, 900, 300), 0.2),
        ((0.0, 0.004), (9_000, 6_000), 0.04),
        ((0.5, 0.1, 0.3), (300, 400, 500), 0.6),
    ],
)
def test_an_interval_of_a_sample_cut_into_strata_afterwards_holds_the_truth_about_95_times_in_100(shares, sizes, drawn):
    """Each image drawn by itself, as a sample of a share is."""
    random, held, rounds = np.random.default_rng(7), 0, 3000
    hits = np.round(np.array(shares) * sizes).astype(int)
    truth = hits.sum() / sum(sizes)
    for _ in range(rounds):
        seen = random.binomial(hits, drawn), random.binomial(np.array(sizes) - hits, drawn)
        found = share_of_whole(
            Stratum(int(yes), int(yes + no), size) for yes, no, size in zip(*seen, sizes, strict=True)
        )
        held += found.low <= truth <= found.high
    assert 0.93 < held / rounds < 0.985


def test_strata_that_differ_narrow_the_interval():
    apart = share_of_whole([Stratum(0, 100, 10_000), Stratum(100, 100, 10_000)])
    mixed = share_of_whole([Stratum(50, 100, 10_000), Stratum(50, 100, 10_000)])
    assert apart.high - apart.low < (mixed.high - mixed.low) / 3
    assert apart.low < 0.5 < apart.high
