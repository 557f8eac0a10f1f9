"""Attempts: facts with an identity, only ever added."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.attempts import NONE, Attempts, Tried, counted, new_fence, of_journal

POOLS = st.sampled_from(["2026-11", "2026-12", "2027-01", "2026-11@eu-west-1"])
TRIED = st.builds(Tried, st.sampled_from("bumnt?"), POOLS)
NAMED = st.tuples(st.sampled_from(["", "k3f9x2ab0q", "r001", "torn"]), st.integers(1, 4))
ATTEMPTS = st.builds(Attempts, st.dictionaries(NAMED, TRIED, max_size=6))


def marks(attempts: Attempts) -> dict[tuple[str, int], str]:
    return {name: one.mark for name, one in attempts.tried.items()}


@given(ATTEMPTS)
def test_they_come_back_from_text(attempts: Attempts) -> None:
    assert Attempts.parse(attempts.text) == attempts


@given(ATTEMPTS, ATTEMPTS, ATTEMPTS)
def test_in_whatever_order_and_however_often_they_are_told_they_are_the_same(
    one: Attempts, two: Attempts, three: Attempts
) -> None:
    assert marks(one | two | three) == marks(three | one | two | one)
    assert one in one | two
    assert NONE in one


@given(ATTEMPTS, ATTEMPTS)
def test_what_was_sent_is_never_less_for_hearing_more(one: Attempts, two: Attempts) -> None:
    known = {name for name, tried in one.tried.items() if tried.mark in "bu"}
    assert len(one | two) >= len(one)
    assert (one | two).units + (one | two).maybe_billed >= sum(tried.mark == "b" for tried in one.tried.values())
    assert known <= set((one | two).tried)


@given(ATTEMPTS)
def test_pools_add_up(attempts: Attempts) -> None:
    found = list(attempts.pools())
    assert sum(n for _, n, _, _ in found) == len(attempts)
    assert sum(n for _, _, n, _ in found) == attempts.units <= 1
    assert sum(n for _, _, _, n in found) == attempts.maybe_billed


def test_what_the_holder_knows_goes_before_what_others_took_it_for() -> None:
    guessed, known = Attempts.of("one", Tried("m", "2026-11")), Attempts.of("one", Tried("n", "2026-11"))
    assert (guessed | known).maybe_billed == (known | guessed).maybe_billed == 0
    assert (guessed | Attempts.of("one", Tried("b", "2026-11"))).units == 1


def test_a_second_answer_is_an_attempt_too() -> None:
    both = Attempts.of("one", Tried("b", "2026-11")) | Attempts.of("two", Tried("b", "2026-12"))
    assert (both.units, both.maybe_billed) == (1, 1)
    assert list(both.pools()) == [("2026-11", 1, 1, 0), ("2026-12", 1, 0, 1)]


@given(st.integers(0, 9), st.integers(0, 1), st.integers(0, 3), st.integers(0, 3))
def test_a_row_that_has_only_counts_keeps_them(attempts: int, units: int, maybe: int, throttles: int) -> None:
    found = counted(attempts, units, maybe, throttles, "2026-11")
    assert (found.units + found.maybe_billed, found.throttles <= throttles) == (units + maybe, True)
    assert len(found) == max(attempts, units + maybe)


def test_records_of_the_journal_are_attempts_of_each_api_of_their_request() -> None:
    records = [
        ("7:labels+properties one 1", "b2026-11 labels+properties"),
        ("7:labels+properties two 1", "m2026-12 labels"),
    ]
    found = of_journal(records)["7:labels+properties"]
    assert found["labels"].text == "one:b2026-11 two:m2026-12"
    assert found["properties"].text == "one:b2026-11"


def test_fences_differ() -> None:
    assert len({new_fence() for _ in range(10_000)}) == 10_000
