"""Lists of name=number: one way to read them, and one line that says what is wrong."""

from decimal import Decimal

import pytest

from jobs.errors import UsageError
from rekscan.flags import numbers, rates


def test_numbers_come_one_by_one_or_in_a_row():
    assert numbers("--units", ["a=1, b=2.5", "c=0"]) == {"a": Decimal(1), "b": Decimal("2.5"), "c": Decimal(0)}


@pytest.mark.parametrize("text", ["labels", "labels=", "=3", "labels=x", "labels=nan", "labels=inf", "labels=-1", ""])
def test_what_is_no_number_of_0_or_more_is_refused_in_one_line(text):
    with pytest.raises(UsageError) as refused:
        numbers("--tps", [text])
    assert str(refused.value).startswith(f"--tps {text}")
    assert "\n" not in str(refused.value)


def test_a_rate_is_of_an_api_or_an_operation_and_above_0():
    assert rates(["labels=20,DetectFaces=0.5", "StartLabelDetection=1"]) == {
        "labels": 20.0,
        "DetectFaces": 0.5,
        "StartLabelDetection": 1.0,
    }
    with pytest.raises(UsageError, match="a rate is above 0"):
        rates(["labels=0"])
    with pytest.raises(UsageError, match="there is no API 'lables'"):
        rates(["lables=20"])
