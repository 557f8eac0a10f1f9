"""What two frames of a film are compared by, and when they are near-identical.

Rule: pure. Near-identical: of the 64 bits of their difference hashes at most NEAR differ, and of their mean colours no
part by more than SHADE of 255. The hash tells what is where, the colour what a hash does not see: an empty
wall before and after the light went out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NEAR = 6
SHADE = 10


@dataclass(frozen=True, slots=True)
class Mark:
    hash: int  # of each of 8 rows, whether each of 8 pixels is lighter than the one before
    blue: int
    green: int
    red: int


def near(one: Mark, other: Mark) -> bool:
    colors = ((one.blue, other.blue), (one.green, other.green), (one.red, other.red))
    return (one.hash ^ other.hash).bit_count() <= NEAR and all(abs(a - b) <= SHADE for a, b in colors)


def left_out(marks: Iterable[tuple[int, Mark | None]]) -> set[int]:
    """The moments of frames that are near-identical to the one kept before them.

    Each is compared with the last that was kept, so that a slow change is not lost. One without a mark is kept, and
    compared with none.
    """
    found = set()
    last: Mark | None = None
    for moment, mark in marks:
        if last is not None and mark is not None and near(last, mark):
            found.add(moment)
        elif mark is not None:
            last = mark
    return found
