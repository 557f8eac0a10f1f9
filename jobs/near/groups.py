"""Pictures that look alike: which one is asked about, and which take its answer.

    marks of a source, in its order -> a pass for each band of the hash -> followers, each with its leader

Rule: constant memory but for the records of a bucket: hashes that differ in at most D bits are equal in one of D + 1
bands, and what is equal there is together in a temporary file (`buckets.py`). A leader follows nobody, comes before its
followers, and each of these is within D of it.
"""

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.folder import PART_ROWS, JobFolder
from jobs.known.buckets import ROWS, Buckets, Records
from jobs.known.item_files import of_shard, write_part
from jobs.media.marker import Marked
from jobs.media.marks import SHADE
from jobs.plan.near_rule import Near

_BITS = 64
_COLORS = ("blue", "green", "red")
_MARKED = np.dtype(
    [("item", "<i8"), ("hash", "<u8"), ("width", "<i4"), ("height", "<i4"), *((color, "<i2") for color in _COLORS)]
)
_TAKEN = np.dtype([("leader", "<i8"), ("distance", "u1")])
_FOLLOWING = np.dtype([("item", "<i8"), *_TAKEN.descr])
_DIRECTORY = "near"
_PAIRS = 1 << 18  # compared at a time
_TOGETHER = 256  # records of several names: a few more comparisons are cheaper than as many turns
_ROUNDS = 10  # what is in doubt then, each near the one before it on and on, is asked about
SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.int64(), metadata={"doc": "an item that takes the answers of another"}),
        pa.field("leader", pa.int64(), metadata={"doc": "item_id of that one"}),
        pa.field("distance", pa.int32(), metadata={"doc": "bits in which the hashes of the two differ"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Follower:
    leader: int
    distance: int


class Marks(AbstractContextManager["Marks"]):
    """The marks of a source in a temporary file. Add all, in the source's order, then `group` them and look who
    `follow`s, and whom."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="rekscan-")
        self._path = Path(self._directory.name) / "marks"
        self._file = self._path.open("w+b")
        self._items = 0  # one more than the last item
        self._follow: npt.NDArray[np.bool_] = np.empty(0, bool)
        self._found: _OnDisk | None = None

    def add(self, marked: Iterable[Marked]) -> None:
        rows = [
            (one.item, one.mark.hash, one.width, one.height, one.mark.blue, one.mark.green, one.mark.red)
            for one in marked
        ]
        if rows:
            self._file.write(np.array(rows, _MARKED).tobytes())
            self._items = rows[-1][0] + 1

    def group(self, near: Near) -> None:
        """Find who follows whom: a picture that is near none before it leads those that are near it; of the others the
        same again."""
        if not self._items:
            return
        self._follow = np.zeros(self._items, bool)
        self._found = _OnDisk(Path(self._directory.name) / "followers", self._items)
        undecided, doubtful = np.zeros(self._items, bool), np.zeros(self._items, bool)
        for marks in self._chunks():
            undecided[marks["item"]] = True
        for _ in range(_ROUNDS):
            doubtful[:] = False
            for alike in self._alike(near, undecided):
                _doubt(alike, near, doubtful)
            if not doubtful.any():
                return
            for alike in self._alike(near, undecided):
                self._take(alike, near, doubtful)
            np.greater(doubtful, self._follow, out=undecided)  # in doubt, and following nobody

    def follow(self) -> npt.NDArray[np.bool_]:
        """Of each item, whether it takes the answers of another."""
        return self._follow

    def followers(self, start: int, end: int) -> Records:
        """Those among some items, in their order: `item`, `leader`, `distance`."""
        return self.followers_of(np.flatnonzero(self._follow[start:end]) + start)

    def followers_of(self, items: npt.NDArray[Any]) -> Records:
        """The same of these, which follow."""
        return self._found.read(items) if self._found else np.empty(0, _FOLLOWING)

    def _take(self, alike: Records, near: Near, doubtful: npt.NDArray[Any]) -> None:
        """Whoever is in doubt and near one before it that is not, follows it."""
        places = doubtful[alike["item"]]
        leaders, others = alike[~places], alike[places]
        others = others[~self._follow[others["item"]]]
        assert self._found is not None
        for first, second in _pairs(leaders, others, near):
            late = leaders["item"][first] < others["item"][second]
            second, once = np.unique(second[late], return_index=True)
            first = first[late][once]
            new = ~self._follow[others["item"][second]]
            some, of = others[second[new]], leaders[first[new]]
            self._found.write(some["item"], of["item"], np.bitwise_count(some["hash"] ^ of["hash"]))
            self._follow[some["item"]] = True

    def _alike(self, near: Near, among: npt.NDArray[Any]) -> Iterator[Records]:
        """Records of some items, those equal in a band together, for each band once."""
        for band in range(near.bits + 1):
            with Buckets() as buckets:
                for marks in self._chunks():
                    some = marks[among[marks["item"]]]
                    buckets.add(_names(some, band, near), **{name: some[name] for name in _MARKED.names or ()})
                for _, _, records in buckets.each():
                    yield from _of_one_name(records)
                    if self._found:
                        self._found.let_go()

    def _chunks(self) -> Iterator[Records]:
        self._file.flush()
        with self._path.open("rb") as file:
            while data := file.read(ROWS * _MARKED.itemsize):
                yield np.frombuffer(data, _MARKED)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._directory.cleanup()


class _OnDisk:
    """Leader and distance of each follower, in a sparse file by its number: too many bytes an item to hold."""

    def __init__(self, path: Path, items: int) -> None:
        with path.open("w+b") as file:
            file.truncate(items * _TAKEN.itemsize)
            self._pages = mmap.mmap(file.fileno(), 0)
        self._rows = np.frombuffer(self._pages, _TAKEN)

    def write(self, items: Records, leaders: Records, distances: Records) -> None:
        self._rows["leader"][items] = leaders
        self._rows["distance"][items] = distances

    def read(self, items: Records) -> Records:
        found = np.empty(len(items), _FOLLOWING)
        found["item"] = items
        for name in _TAKEN.names or ():
            found[name] = self._rows[name][items]
        self.let_go()
        return found

    def let_go(self) -> None:
        """What of it is in memory goes to the file."""
        self._pages.madvise(mmap.MADV_DONTNEED)


def write_followers(folder: JobFolder, marks: Marks) -> None:
    """Into the job folder, a file per PART_ROWS items."""
    for start in range(0, len(marks.follow()), PART_ROWS):
        write_found(folder, marks.followers(start, start + PART_ROWS))


def write_found(folder: JobFolder, found: Records) -> None:
    """Some of them, in the order of their items: all of those that share a file."""
    parts = found["item"] // PART_ROWS
    for part in np.unique(parts):
        some = found[parts == part]
        columns = [some["item"], some["leader"], some["distance"].astype(np.int32)]
        write_part(folder, _DIRECTORY, int(part), pa.table(columns, SCHEMA))


def followers(folder: JobFolder, shard: int) -> dict[int, Follower]:
    """The items of one shard that take the answers of others."""
    return {
        item: Follower(leader, distance)
        for table in of_shard(folder, _DIRECTORY, shard)
        for item, leader, distance in zip(*(table.column(name).to_pylist() for name in SCHEMA.names), strict=True)
    }


def _names(marks: Records, band: int, near: Near) -> Records:
    """16 bytes that are the same for what is equal in a band (and in size), and spread over all there are."""
    low, high = _BITS * band // (near.bits + 1), _BITS * (band + 1) // (near.bits + 1)
    mask = np.uint64((1 << high - low) - 1)
    key = marks["hash"] >> np.uint64(low) & mask
    if not near.any_size:
        key = _mixed(key) ^ marks["width"].astype(np.uint64) << np.uint64(32) ^ marks["height"].astype(np.uint64)
    names = np.zeros((len(marks), 16), np.uint8)
    names[:, :8] = _mixed(key).astype(">u8").view(np.uint8).reshape(-1, 8)
    return names.view("S16").reshape(-1)


def _mixed(keys: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Each bit of a number in all of its bits: the end of splitmix64."""
    keys = (keys ^ keys >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ keys >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[Any] = keys ^ keys >> np.uint64(31)
    return mixed


def _of_one_name(records: Records) -> Iterator[Records]:
    """Records of each name that several have, in the source's order; where those are few, of several such names."""
    records = records[np.lexsort((records["item"], records["name"]))]
    edges = np.flatnonzero(records["name"][1:] != records["name"][:-1]) + 1
    sizes = np.diff([0, *edges, len(records)])
    records, sizes = records[np.repeat(sizes > 1, sizes)], sizes[sizes > 1]
    start = end = 0
    for size in sizes.tolist():
        if end > start and end + size - start > _TOGETHER:
            yield _in_order(records[start:end])
            start = end
        end += size
    if end > start:
        yield _in_order(records[start:end])


def _in_order(records: Records) -> Records:
    return records[np.argsort(records["item"], kind="stable")]


def _doubt(alike: Records, near: Near, doubtful: npt.NDArray[Any]) -> None:
    """Those that are near one before them, which is near none itself as far as is known."""
    items = alike["item"]
    for first, second in _pairs(alike, alike, near, later=lambda records: ~doubtful[records["item"]]):
        while len(first):
            after = np.zeros(len(alike), bool)
            after[second] = True
            leads = ~after[first]
            doubtful[items[second[leads]]] = True
            left = ~leads & ~doubtful[items[first]]
            first, second = first[left], second[left]


def _pairs(
    firsts: Records, others: Records, near: Near, *, later: Callable[[Records], npt.NDArray[Any]] | None = None
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Places of what is near one another, some at a time, by the place of the first. `later`: both are the same
    records, of which only pairs in their order count, and of the first only those it says at that time."""
    hashes, theirs = np.ascontiguousarray(firsts["hash"]), np.ascontiguousarray(others["hash"])
    rows = max(1, _PAIRS // max(1, len(theirs)))
    for start in range(0, len(hashes), rows):
        from_ = start if later else 0
        places = np.arange(start, min(start + rows, len(hashes)))
        if later:
            places = places[later(firsts[places])]
        near_ones = np.flatnonzero(np.bitwise_count(hashes[places, None] ^ theirs[from_:]) <= near.bits)
        row, column = np.divmod(near_ones, max(1, len(theirs) - from_))
        first, second = places[row], column + from_
        if later:
            first, second = first[second > first], second[second > first]
        if len(first):
            close = _close(firsts[first], others[second], near)
            yield first[close], second[close]


def _close(some: Records, others: Records, near: Near) -> npt.NDArray[np.bool_]:
    """Which pairs whose hashes are near are so in all."""
    close = np.ones(len(some), bool)
    for color in _COLORS:
        close &= abs(some[color] - others[color]) <= SHADE
    if not near.any_size:
        close &= (some["width"] == others["width"]) & (some["height"] == others["height"])
    return close
