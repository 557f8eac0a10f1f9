"""The choices of one run. Each has a name and is 0, what happens when nothing is wrong, or a number that says how not.

Rule: a choice depends on the seed and its name alone, never on how many were made before it. So a run can be made
again with fewer of its choices, and the others stay what they were.
"""

from array import array
from collections.abc import Hashable
from hashlib import blake2b, shake_128

_BLOCK = 512  # numbers made at once for choices that are numbered


class Tape:
    """`kept`: only these choices may differ from 0; None: all may."""

    def __init__(self, seed: int, kept: frozenset[Hashable] | None = None) -> None:
        self.seed = seed
        self.kept = kept
        self.taken: dict[Hashable, int] = {}  # the choices that differ from 0, in the order they were made
        self._numbers: dict[tuple[str, int], array[int]] = {}

    def draw(self, name: Hashable, chance: float, most: int = 1) -> int:
        """0, or by `chance` a number from 1 to `most`."""
        if chance <= 0:
            return 0
        drawn = int.from_bytes(blake2b(f"{self.seed}:{name}".encode(), digest_size=8).digest(), "big")
        return self._value(name, drawn, most) if drawn >> 32 < chance * 2**32 else 0

    def draw_nth(self, name: str, n: int, chance: float, most: int = 1) -> int:
        """The same for the choice (name, n), of which there are many."""
        if chance <= 0:
            return 0
        block, place = divmod(n, _BLOCK)
        numbers = self._numbers.get((name, block))
        if numbers is None:
            made = shake_128(f"{self.seed}:{name}:{block}".encode()).digest(8 * _BLOCK)
            numbers = self._numbers[name, block] = array("Q", made)
        drawn = numbers[place]
        return self._value((name, n), drawn, most) if drawn >> 32 < chance * 2**32 else 0

    def _value(self, name: Hashable, drawn: int, most: int) -> int:
        if most < 1 or (self.kept is not None and name not in self.kept):
            return 0
        value = self.taken[name] = 1 + (drawn & 0xFFFFFFFF) % most
        return value
