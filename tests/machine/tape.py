"""The choices of one run. Each has a name and is 0, what happens when nothing is wrong, or a number that says how not.

Rule: a choice depends on the seed and its name alone, never on how many were made before it. So a run can be made
again with fewer of its choices, and the others stay what they were.
"""

from collections.abc import Hashable
from hashlib import blake2b


class Tape:
    """`kept`: only these choices may differ from 0; None: all may."""

    def __init__(self, seed: int, kept: frozenset[Hashable] | None = None) -> None:
        self.seed = seed
        self.kept = kept
        self.taken: dict[Hashable, int] = {}  # the choices that differ from 0, in the order they were made

    def draw(self, name: Hashable, chance: float, most: int = 1) -> int:
        """0, or by `chance` a number from 1 to `most`."""
        if self.kept is not None and name not in self.kept:
            return 0
        drawn = int.from_bytes(blake2b(f"{self.seed}:{name}".encode(), digest_size=8).digest(), "big")
        if most < 1 or (drawn >> 32) / 2**32 >= chance:
            return 0
        value = 1 + (drawn & 0xFFFFFFFF) % most
        self.taken[name] = value
        return value
