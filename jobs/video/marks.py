"""Which frames of a film are near-identical to the one kept before them.

Rule: pure; what is compared is jobs/media/marks.py's.
"""

from collections.abc import Iterable

from jobs.media.marks import Mark, near

NEAR = 6  # bits


def left_out(marks: Iterable[tuple[int, Mark | None]]) -> set[int]:
    """The moments of frames that are near-identical to the one kept before them.

    Each is compared with the last that was kept, so that a slow change is not lost. One without a mark is kept, and
    compared with none.
    """
    found = set()
    last: Mark | None = None
    for moment, mark in marks:
        if last is not None and mark is not None and near(last, mark, NEAR):
            found.add(moment)
        elif mark is not None:
            last = mark
    return found
