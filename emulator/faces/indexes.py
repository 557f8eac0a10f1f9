"""Which faces of a film are one person's: by their place from look to look, else by their vectors.

Each person has a number from 0 on. A face takes the number of the face it overlaps most in the look before, if that is
enough, else of the known person it is most alike, else a new one; no two faces of one look share a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.faces.faces import distance
from emulator.models.features import Box

OVERLAP = 0.3  # intersection over union
SAME = 0.5  # distance of vectors: where same and different people part
_LASTING_MS = 1250  # a look that is further back says nothing of places
_OTHER = 0.65  # overlapping, but of such vectors: somebody else, after a cut


@dataclass(slots=True)
class _Person:
    number: int
    vector: list[float]
    box: Box
    at: int


@dataclass(slots=True)
class Indexes:
    _persons: list[_Person] = field(default_factory=list)

    def number(self, at: int, boxes: list[Box], vectors: list[list[float]]) -> list[int]:
        """The numbers of the faces of one look, at this millisecond; looks come in the order of time."""
        left = dict(enumerate(zip(boxes, vectors, strict=True)))
        free = list(self._persons)
        taken: dict[int, _Person] = {}
        # Places first, then vectors, each time the best pair of all.
        for pairs in (self._by_place, self._by_vector):
            for _, place, person in sorted(pairs(at, left, free), key=lambda pair: pair[:2]):
                if place in left and person in free:
                    taken[place] = person
                    del left[place]
                    free.remove(person)
        for place, (box, vector) in left.items():
            taken[place] = _Person(len(self._persons), vector, box, at)
            self._persons.append(taken[place])
        for place, person in taken.items():
            person.box, person.vector, person.at = boxes[place], vectors[place], at
        return [taken[place].number for place in range(len(boxes))]

    def _by_place(
        self, at: int, left: dict[int, tuple[Box, list[float]]], free: list[_Person]
    ) -> list[tuple[float, int, _Person]]:
        return [
            (-shared, place, person)
            for place, (box, vector) in left.items()
            for person in free
            if at - person.at <= _LASTING_MS
            and (shared := overlap(box, person.box)) >= OVERLAP
            and distance(vector, person.vector) < _OTHER
        ]

    def _by_vector(
        self, at: int, left: dict[int, tuple[Box, list[float]]], free: list[_Person]
    ) -> list[tuple[float, int, _Person]]:
        return [
            (apart, place, person)
            for place, (_, vector) in left.items()
            for person in free
            if (apart := distance(vector, person.vector)) < SAME
        ]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)
