"""What two pictures, or two frames of a film, are compared by: the one perceptual hash there is.

Rule: pure. Near: of the 64 bits of their difference hashes at most so many differ, and of their mean colours no part by
more than SHADE of 255. The hash tells what is where, the colour what a hash does not see: an empty wall before and
after the light went out. Why this hash: docs/adr/0017-one-perceptual-hash.md.
"""

from dataclasses import dataclass
from itertools import pairwise

SHADE = 10
GRID = (9, 8)  # width, height of the gray picture that is hashed
_EVEN = 3  # shades of 255 between neighbours that say nothing
_TELLING = 24  # of the 64 differences so many must say something


@dataclass(frozen=True, slots=True)
class Mark:
    hash: int  # of each of 8 rows, whether each of 8 pixels is lighter than the one before
    blue: int
    green: int
    red: int


def difference_hash(gray: bytes) -> int:
    """Of a gray picture of GRID, row by row."""
    found = 0
    for before, pixel in _neighbours(gray):
        found = found << 1 | (pixel > before)
    return found


def tells_enough(gray: bytes) -> bool:
    """Whether a hash of it tells pictures apart: a blank page, or one with a line of text, is as any other."""
    return sum(abs(pixel - before) >= _EVEN for before, pixel in _neighbours(gray)) >= _TELLING


def near(one: Mark, other: Mark, bits: int) -> bool:
    colors = ((one.blue, other.blue), (one.green, other.green), (one.red, other.red))
    return (one.hash ^ other.hash).bit_count() <= bits and all(abs(a - b) <= SHADE for a, b in colors)


def _neighbours(gray: bytes) -> list[tuple[int, int]]:
    width, height = GRID
    return [pair for row in range(height) for pair in pairwise(gray[row * width : (row + 1) * width])]
