"""Looking things up in the index, a content at a time: a search in the footers, then one small read, kept for a while.

Rule: constant memory whatever the index holds; what was merged away meanwhile is looked for again, never an error.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass

from jobs.byte_cache import Store
from jobs.known.keys import content_id
from jobs.known.segments import Names, Segment, Segments

_REST = ["call", "job", "part", "item_id", "copied"]
_CACHE = 32_000_000  # bytes of names kept at hand: those of 2 million contents


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer stands: the row of (`item_id`, API) in a result part."""

    job: str
    part: str
    item_id: int


class Index:
    """The index of a home. Thread-safe."""

    def __init__(self, segments: Segments, *, cache_bytes: int = _CACHE) -> None:
        self._segments = segments
        self._open: tuple[Segment, ...] = ()
        self._names: Store[Names] = Store(cache_bytes, lambda names: len(names.data), lambda names: True)
        self._lock = threading.Lock()
        self.refresh()

    def __bool__(self) -> bool:
        """Whether it has any answers."""
        return bool(self._open)

    def refresh(self) -> None:
        """See what came and went since the last time."""
        with self._lock:
            have = {segment.info.path: segment for segment in self._open}
            found = [have.get(info.path) or self._segments.open(info) for info in self._segments.paths()]
            self._open = tuple(segment for segment in found if segment is not None)

    def find(self, content: str, calls: Collection[int]) -> dict[int, list[Place]]:
        """The places that hold answers of these calls on a content, the best first: paid for, of the newest job."""
        if not self._open:
            return {}
        name = content_id(content)
        for _ in range(3):  # a segment may be merged away under us
            try:
                return self._find(name, set(calls))
            except FileNotFoundError:
                self.refresh()
        return {}

    def _find(self, name: bytes, calls: set[int]) -> dict[int, list[Place]]:
        found: list[tuple[int, bool, Place]] = []
        for segment in self._open:
            for group in segment.groups(name):
                low, high = self._span(segment, group, name)
                if low < high:
                    rows = self._segments.read(segment, group, _REST).slice(low, high - low)
                    found += [
                        (row["call"], row["copied"], Place(row["job"], row["part"], row["item_id"]))
                        for row in rows.to_pylist()
                        if row["call"] in calls
                    ]
        found.sort(key=lambda entry: (entry[2].job, entry[2].part), reverse=True)
        found.sort(key=lambda entry: entry[1])
        places: dict[int, list[Place]] = {}
        for call, _, place in found:
            places.setdefault(call, []).append(place)
        return places

    def _span(self, segment: Segment, group: int, name: bytes) -> tuple[int, int]:
        """The rows of a row group that are of this content."""
        with self._names.get((segment.info.path, group), lambda: self._load(segment, group)) as names:
            low = high = names.position(name)
            while names.at(high) == name:
                high += 1
            return low, high

    def _load(self, segment: Segment, group: int) -> Names:
        return Names.of(self._segments.read(segment, group, ["content"]))
