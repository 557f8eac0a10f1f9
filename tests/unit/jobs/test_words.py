"""What people read is rounded in one place and in one way."""

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.words import count, dollars, duration, each, short, size, table, visible, visible_lines

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.14725", "$0.1473"),  # half up, not half even
        ("0.14724999", "$0.1472"),
        ("0.50", "$0.50"),
        ("0.99995", "$1.00"),
        ("1.005", "$1.01"),
        ("1234567.891", "$1,234,567.89"),
        ("0.00005", "$0.0001"),
        ("0.00001", "$0.00001"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_amount_reads_the_same_from_a_document_and_from_a_sum(amount, shown):
    assert dollars(amount) == shown
    assert dollars(Decimal(amount) if amount else None) == shown


@given(st.decimals("0.0000001", 10**9, allow_nan=False, places=9))
def test_nothing_paid_for_reads_as_free(amount):
    if amount > 0:
        assert Decimal(dollars(amount).lstrip("$").replace(",", "")) > 0


def test_a_unit_price_is_never_rounded():
    assert [each(Decimal(price)) for price in ("0.0008", "0.1", "0.00817")] == ["$0.0008", "$0.10", "$0.00817"]


def test_counts_round_half_up_and_lose_empty_decimals():
    shown = [count(2_500_000), count(Decimal("1.5")), count(Decimal("0.0005")), count(0.25, 1), count(1200.04, 1)]
    assert shown == ["2,500,000", "1.5", "0.001", "0.3", "1,200"]


def test_sizes_are_in_thousands():
    assert [size(n) for n in (0, 999, 1000, 1_250_000, 3 * 10**15)] == ["0 B", "999 B", "1 KB", "1.3 MB", "3,000 TB"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "unknown"),
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.5, "9.5 s"),
        (48.4, "48 s"),
        (59.6, "1 min"),
        (90, "2 min"),
        (3599, "1 h 0 min"),
        (49_980, "13 h 53 min"),
        (1_000_000, "11 d 13 h"),
    ],
)
def test_durations_name_two_units_at_most(seconds, shown):
    assert duration(seconds) == shown


def test_a_cut_name_keeps_both_ends_and_shows_what_would_turn_it():
    assert short("a" * 20 + "b" * 20, 11) == "aaaaa…bbbbb"
    assert short("x\u202egpj.exe\n", 40) == "x\N{REPLACEMENT CHARACTER}gpj.exe␊"


@given(st.text())
def test_visible_text_is_one_line_that_steers_nothing(text):
    shown = visible(text)
    assert len(shown) == len(text)
    assert shown.splitlines() in ([], [shown])
    kinds = {unicodedata.category(sign) for sign in shown}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(sign) for sign in shown} & TURNING
    assert visible_lines(text).replace("\n", "␊").replace("\t", "␉") == shown


def test_letters_of_every_script_stay():
    for text in ("Café", "Straße", "東京", "مرحبا", "👩‍👩‍👧", "a b"):
        assert visible(text) == text


def test_a_table_has_a_line_for_each_row():
    assert table(["Name", "Faces"], [["a\nb\x1b[2J", "1"]]) == "Name     Faces\na␊b␛[2J  1"
