"""What the settings decide by themselves."""

import pytest

from rekscan.settings import resolve


@pytest.mark.parametrize(("calls", "items"), [(1, 200), (2, 200), (3, 133), (4, 100), (9, 100)])
def test_a_shard_is_smaller_where_an_item_is_several_calls(calls: int, items: int) -> None:
    assert resolve().with_shards_for(calls).shard_size == items


def test_a_shard_size_that_is_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(shard_size=500).with_shards_for(4).shard_size == 500
    monkeypatch.setenv("REKSCAN_SHARD_SIZE", "300")
    assert resolve().with_shards_for(4).shard_size == 300
