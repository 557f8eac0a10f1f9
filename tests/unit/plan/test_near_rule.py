"""What --near takes for a distance."""

import pytest

from jobs.errors import UsageError
from jobs.plan.near_rule import Near, near_rule


@pytest.mark.parametrize(
    ("text", "near"),
    [("0", Near(0)), ("8", Near(8)), ("4,any-size", Near(4, any_size=True)), (" 4, any-size", Near(4, any_size=True))],
)
def test_bits_and_whether_sizes_count(text: str, near: Near) -> None:
    assert near_rule(text) == near
    assert near_rule(near.text) == near


@pytest.mark.parametrize("text", ["", "9", "-1", "4%", "4.0", "four", "4,any size", "any-size", "٤"])
def test_what_is_no_distance_says_what_is(text: str) -> None:
    with pytest.raises(UsageError, match="not a distance"):
        near_rule(text)
