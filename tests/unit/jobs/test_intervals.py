"""Intervals: held against SciPy's, and against what they promise."""

from importlib import import_module
from math import inf
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.intervals import Stratum, mean, share, share_at_least, share_of_whole, wilson


@pytest.fixture(scope="module")
def stats():
    return import_module("scipy.stats")  # takes a second, which each process that only collects would pay for


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 20), (9, 10), (37, 120), (500, 500), (3, 10_000)])
def test_a_share_of_any_number_is_wilsons_as_scipy_has_it(stats, hits, of):
    theirs = stats.binomtest(hits, of).proportion_ci(method="wilson")
    found = wilson(hits, of)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@pytest.mark.parametrize(
    ("hits", "of", "whole"),
    [(12, 12, 14), (0, 8, 10), (5, 12, 14), (1, 2, 3), (3, 20, 200), (37, 120, 1500), (0, 1, 100), (14, 14, 14)],
)
def test_a_share_of_a_whole_is_exact_as_scipy_counts_it(stats, hits, of, whole):
    """Each number of hits in the whole that such a sample, or an odder one, has more often than 2.5 times in 100."""
    there = range(hits, whole - of + hits + 1)
    low = min(n for n in there if stats.hypergeom.sf(hits - 1, whole, n, of) > 0.025)
    high = max(n for n in there if stats.hypergeom.cdf(hits, whole, n, of) > 0.025)
    found = share(hits, of, whole)
    assert (found.low, found.value, found.high) == (low / whole, hits / of, high / whole)


def test_what_comes_in_just_one_of_forty_samples_is_odd():
    """13 hits in 16 are not in a sample of 2 by a chance of 1/40, and 39 in 40 not in one of 1."""
    assert (share(0, 2, 16).high, share(0, 1, 40).high) == (12 / 16, 38 / 40)


def test_a_share_of_many_millions_is_exact_too(stats):
    found = share(50, 5_000, 10_000_000)
    least, most = round(found.low * 1e7), round(found.high * 1e7)
    assert stats.hypergeom.sf(49, 10**7, least, 5_000) > 0.025 >= stats.hypergeom.sf(49, 10**7, least - 1, 5_000)
    assert stats.hypergeom.cdf(50, 10**7, most, 5_000) > 0.025 >= stats.hypergeom.cdf(50, 10**7, most + 1, 5_000)


@pytest.mark.parametrize("values", [(1, 2), (0, 4, 9), (1, 1, 2, 8), (0, 3, 3, 5, 7, 9), tuple(range(50))])
def test_a_mean_is_students_as_scipy_has_it(stats, values):
    low, high = stats.t.interval(0.95, len(values) - 1, stats.tmean(values), stats.sem(values))
    found, half = mean(values), (high - low) / 2
    assert found.high - found.value == pytest.approx(half, rel=0.01)
    assert found.low == pytest.approx(max(0.0, low), abs=0.01 * half)


def test_parts_weigh_what_they_stand_for():
    alike = [Stratum(90, 100, 1000), Stratum(90, 100, 1000)]
    assert share_at_least(alike) == pytest.approx(wilson(180, 200).low, abs=0.01)
    assert share_at_least([Stratum(100, 100, 10), Stratum(50, 100, 990)]) < 0.5
    assert share_at_least([Stratum(9, 10, 10**6)]) == wilson(9, 10).low
    assert share_at_least([Stratum(5, 5, 100), Stratum(5, 5, 100)]) < 1


@given(st.integers(0, 500), st.integers(1, 500))
def test_ten_times_the_sample_says_more(hits, of):
    hits = min(hits, of)
    for few, many in (
        (share(hits, of, 10**6), share(10 * hits, 10 * of, 10**6)),
        (wilson(hits, of), wilson(10 * hits, 10 * of)),
    ):
        assert many.high - many.low <= few.high - few.low


@given(st.integers(0, 200), st.integers(1, 200), st.one_of(st.integers(0, 5), st.integers(0, 10**6)))
def test_a_share_lies_in_its_interval_which_never_contradicts_what_was_counted(hits, of, more):
    hits, whole = min(hits, of), of + more
    found = share(hits, of, whole)
    assert hits / whole <= found.low <= found.value <= found.high <= (whole - of + hits) / whole
    assert more or found.low == found.value == found.high


def test_a_share_interval_holds_the_truth_about_95_times_in_100():
    random, truth = Random(7), 0.1
    held = 0
    for _ in range(2000):
        hits = sum(random.random() < truth for _ in range(60))
        found = share(hits, 60, 10**9)
        held += found.low <= truth <= found.high
    assert 0.95 <= held / 2000 < 0.99


def test_a_mean_interval_holds_the_truth_about_95_times_in_100():
    random, held = Random(7), 0
    for _ in range(2000):
        found = mean([random.randrange(7) for _ in range(8)], 10**9)
        held += found.low <= 3 <= found.high
    assert 0.93 < held / 2000 < 0.97


def test_values_that_are_all_alike_set_no_upper_end_but_what_a_value_may_be():
    for values in ([3], [3, 3, 3]):
        found = mean(values, 100)
        assert (found.value, found.high) == (3, inf) and len(values) * 3 / 100 <= found.low < 3
        assert found.to_json()["high"] is None
    assert mean([], 100).to_json()["high"] is None
    none = mean([0] * 50, 1000, most=1)
    assert (none.low, none.high) == (0, share(0, 50, 1000).high) and none.high > 0.05


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 50))
def test_a_mean_has_at_least_what_was_counted_and_of_all_of_them_is_exact(values, more):
    found = mean(values, len(values) + more, most=9)
    assert sum(values) / (len(values) + more) <= found.low <= found.value <= found.high <= 9
    assert more or found.low == pytest.approx(found.high)


parts = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 10_000)).map(
        lambda part: Stratum(min(part[0], part[1]), part[1], part[1] + part[2] + part[3], part[2])
    ),
    max_size=6,
)


@given(parts)
def test_a_share_of_the_whole_lies_in_its_interval_which_has_what_was_counted_whatever_is_open(strata):
    found = share_of_whole(strata)
    assert 0 <= found.low <= found.value <= found.high <= 1
    whole = sum(part.whole for part in strata)
    if whole and any(part.of for part in strata):
        seen, others = sum(part.hits for part in strata), sum(part.of - part.hits for part in strata)
        assert seen / whole <= found.low and found.high <= (whole - others) / whole


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
    """Each image drawn by itself, as versions before drew a share."""
    random, held, rounds = np.random.default_rng(7), 0, 3000
    hits = np.round(np.array(shares) * sizes).astype(int)
    truth = hits.sum() / sum(sizes)
    for _ in range(rounds):
        seen = random.binomial(hits, drawn), random.binomial(np.array(sizes) - hits, drawn)
        found = share_of_whole(
            Stratum(int(yes), int(yes + no), size) for yes, no, size in zip(*seen, sizes, strict=True)
        )
        held += found.low <= truth <= found.high
    assert 0.94 < held / rounds < 0.995


@pytest.mark.parametrize(
    "shares, sizes, drawn",
    [
        ((0.0, 0.02, 0.9), (4_000, 3_000, 1_000), (200, 150, 50)),
        ((0.01, 0.01, 0.01, 0.2), (900, 900, 900, 300), (180, 180, 180, 60)),
        ((0.0, 0.004), (9_000, 6_000), (360, 240)),
        ((0.3, 0.0, 0.1), (7, 7, 10), (6, 6, 8)),
        ((0.02,) * 30, (1_000,) * 30, (1,) * 30),
        ((0.5, 0.1), (300, 5_000), (1, 40)),
    ],
)
def test_an_interval_of_a_stratified_sample_holds_the_truth_about_95_times_in_100(shares, sizes, drawn):
    """So many drawn of each stratum."""
    random, held, rounds = np.random.default_rng(7), 0, 2000
    hits = np.round(np.array(shares) * sizes).astype(int)
    truth = hits.sum() / sum(sizes)
    for _ in range(rounds):
        seen = random.hypergeometric(hits, np.array(sizes) - hits, drawn)
        found = share_of_whole(Stratum(int(yes), of, size) for yes, of, size in zip(seen, drawn, sizes, strict=True))
        held += found.low - 1e-9 <= truth <= found.high + 1e-9
    assert held / rounds > 0.94


def test_strata_that_differ_narrow_the_interval():
    apart = share_of_whole([Stratum(0, 100, 10_000), Stratum(100, 100, 10_000)])
    mixed = share_of_whole([Stratum(50, 100, 10_000), Stratum(50, 100, 10_000)])
    assert apart.high - apart.low < (mixed.high - mixed.low) / 3
    assert apart.low < 0.5 < apart.high
