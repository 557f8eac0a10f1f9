"""The slots of an account, on a clock of the test's own."""

from collections.abc import Callable

import pytest
from redis import Redis

from workers.videos import slots as slots_module
from workers.videos.slots import Slots, policy

CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n"
FULL = "22 open Jobs for User arn:aws:iam::1:user/me Maximum limit: 3"


@pytest.fixture
def of(redis: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch) -> Callable[..., Slots]:
    monkeypatch.setattr(slots_module, "policy", lambda: policy(CLOCK))
    redis.set("clock", 0)
    return lambda job="job", most=20: Slots(redis, "123456789012", "us-east-1", job, most, 30_000)


def taken(slots: Slots, tokens: str) -> str:
    return "".join(token for token in tokens if slots.take(token))


def test_there_are_as_many_as_are_believed_and_one_asked_for_again_is_the_same(of: Callable[..., Slots]) -> None:
    slots = of(most=2)
    assert taken(slots, "abc") == "ab"
    assert taken(slots, "ab") == "ab"
    slots.free("a")
    assert taken(slots, "cd") == "c"


def test_the_limit_that_aws_names_is_learnt(of: Callable[..., Slots]) -> None:
    slots = of()
    assert taken(slots, "abcd") == "abcd"
    slots.refused("d", FULL)
    assert taken(slots, "de") == ""
    slots.free("a")
    assert taken(slots, "de") == "d"


def test_those_that_are_about_to_start_when_a_lower_limit_is_learnt_give_theirs_back(of: Callable[..., Slots]) -> None:
    slots = of()
    assert taken(slots, "abcdef") == "abcdef"
    slots.refused("f", FULL)
    assert [token for token in "edf" if slots.still(token)] == []
    assert [token for token in "abc" if slots.still(token)] == ["a", "b", "c"]
    slots.free("a")
    slots.refused("b", "5 open Jobs for User me Maximum limit: 3")  # two of a stranger's
    assert taken(slots, "d") == ""
    assert slots.still("c")


def test_while_others_have_jobs_open_one_more_is_tried_each_half_minute(
    of: Callable[..., Slots], redis: "Redis[bytes]"
) -> None:
    slots = of()
    assert taken(slots, "ab") == "ab"
    slots.refused("b", "5 open Jobs for User me Maximum limit: 5")  # one is ours
    assert taken(slots, "bc") == ""
    redis.set("clock", 30_000)
    slots.keep("a")
    assert taken(slots, "bc") == "b"
    redis.set("clock", 59_999)
    slots.keep("ab")
    assert taken(slots, "c") == ""
    redis.set("clock", 60_000)
    assert taken(slots, "cd") == "c"


def test_a_slot_whose_holder_is_silent_lapses(of: Callable[..., Slots], redis: "Redis[bytes]") -> None:
    slots = of(most=1)
    assert taken(slots, "a") == "a"
    redis.set("clock", 59_999)
    assert taken(slots, "b") == ""
    redis.set("clock", 60_000)
    assert taken(slots, "b") == "b"


def test_scans_that_wait_share_them(of: Callable[..., Slots]) -> None:
    one, other = of("one", 4), of("other", 4)
    assert taken(one, "abcde") == "abcd"
    assert taken(other, "xyz") == ""
    for token in "abcd":
        one.free(token)
    assert taken(one, "abcd") == "ab"
    assert taken(other, "xyz") == "xy"
