"""Which pictures look alike: through files, in passes over bands of the hash."""

import random
from collections.abc import Iterable, Iterator

import pytest

from jobs.media.marker import Marked
from jobs.media.marks import SHADE, Mark
from jobs.near.groups import Marks
from jobs.plan.near_rule import Near


def marked(item: int, hash: int, *, gray: int = 100, side: int = 96) -> Marked:
    return Marked(item, Mark(hash, gray, gray, gray), side, side)


def pairs(pictures: Iterable[Marked], near: Near) -> dict[int, tuple[int, int]]:
    """Follower -> its leader, and their distance."""
    with Marks() as marks:
        marks.add(pictures)
        marks.group(near)
        return {item: (leader, distance) for item, leader, distance in marks.followers(0, len(marks.follow())).tolist()}


def flipped(hash: int, bits: int, chance: random.Random) -> int:
    for bit in chance.sample(range(64), bits):
        hash ^= 1 << bit
    return hash


@pytest.mark.parametrize("bits", [0, 1, 4, 8])
def test_each_picture_follows_the_first_of_its_burst(bits: int) -> None:
    chance = random.Random(bits)
    firsts = [marked(10 * n, chance.getrandbits(64)) for n in range(300)]
    bursts = [
        marked(one.item + k, flipped(one.mark.hash, k % (bits + 1), chance)) for one in firsts for k in range(1, 10)
    ]
    found = pairs(sorted([*firsts, *bursts], key=lambda one: one.item), Near(bits))
    assert found == {one.item + k: (one.item, k % (bits + 1)) for one in firsts for k in range(1, 10)}


def chain() -> Iterator[Marked]:
    """Each 2 bits from the one before it."""
    return (marked(n, (1 << 2 * n) - 1) for n in range(30))


def test_a_slow_change_is_not_followed_on_and_on() -> None:
    found = pairs(chain(), Near(4))
    assert all(distance <= 4 for _, distance in found.values())
    assert not found.keys() & {leader for leader, _ in found.values()}
    assert all(leader < follower for follower, (leader, _) in found.items())
    assert len(found) == 20  # of three in a row one is asked


def test_another_size_or_colour_is_not_near_unless_sizes_are_waived() -> None:
    hash = 0x0123456789ABCDEF
    others = [
        marked(0, hash), marked(1, hash, side=48), marked(2, hash, gray=101 + SHADE), marked(3, hash, gray=100 + SHADE),
    ]  # fmt: skip
    assert pairs(others, Near(4)) == {3: (0, 0)}
    assert pairs(others, Near(4, any_size=True)) == {1: (0, 0), 3: (0, 0)}


def test_of_no_picture_nothing_follows() -> None:
    assert pairs([], Near(4)) == {}
