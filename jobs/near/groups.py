"""Pictures that look alike: which one is asked about, and which take its answer.

    marks of a source, in its order -> a pass for each band of the hash -> followers, each with its leader

Rule: constant memory but for the records of a bucket: hashes that differ in at most D bits are equal in one of D + 1
bands, and what is equal there is together in a temporary file (`buckets.py`). A leader follows nobody, comes before its
followers, and each of these is within D of it.
"""

import tempfile
from collections.abc import Iterable, Iterator
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
_DIRECTORY = "near"
_PAIRS = 1 << 18  # compared at a time
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
    """The marks of a source in a temporary file. Add all, in the source's order, then look for `followers`."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="rekscan-")
        self._path = Path(self._directory.name) / "marks"
        self._file = self._path.open("w+b")
        self._items = 0  # one more than the last item
        self.leaders: npt.NDArray[Any] = np.empty(0, np.int64)  # of each item, -1: it follows nobody
        self.distances: npt.NDArray[Any] = np.empty(0, np.uint8)

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
        self.leaders = self._array("leaders", np.int64)
        self.leaders[:] = -1
        self.distances = self._array("distances", np.uint8)
        undecided = np.zeros(self._items, bool)
        for marks in self._chunks():
            undecided[marks["item"]] = True
        for _ in range(_ROUNDS):
            doubtful = np.zeros(self._items, bool)
            for alike in self._alike(near, undecided):
                _doubt(alike, near, doubtful)
            if not doubtful.any():
                return
            for alike in self._alike(near, undecided):
                self._follow(alike, near, doubtful)
            undecided = doubtful & (self.leaders < 0)

    def follow(self) -> npt.NDArray[np.bool_]:
        """Of each item, whether it takes the answers of another."""
        return np.asarray(self.leaders >= 0)

    def _follow(self, alike: Records, near: Near, doubtful: npt.NDArray[Any]) -> None:
        """Whoever is in doubt and near one that is not, follows it."""
        places = doubtful[alike["item"]]
        leaders, others = alike[~places], alike[places]
        for place in _near_some(leaders, others, near.bits) if len(others) else ():
            first = leaders[place]
            rest = others[(others["item"] > first["item"]) & (self.leaders[others["item"]] < 0)]
            rest = rest[_close(first, rest, near)]
            self.leaders[rest["item"]] = first["item"]
            self.distances[rest["item"]] = np.bitwise_count(rest["hash"] ^ first["hash"])

    def _alike(self, near: Near, among: npt.NDArray[Any]) -> Iterator[Records]:
        """Records of some items that are equal in a band, those of each band once, in the source's order."""
        for band in range(near.bits + 1):
            with Buckets() as buckets:
                for marks in self._chunks():
                    some = marks[among[marks["item"]]]
                    buckets.add(_names(some, band, near), **{name: some[name] for name in _MARKED.names or ()})
                for _, _, records in buckets.each():
                    yield from _of_one_name(records)

    def _chunks(self) -> Iterator[Records]:
        self._file.flush()
        with self._path.open("rb") as file:
            while data := file.read(ROWS * _MARKED.itemsize):
                yield np.frombuffer(data, _MARKED)

    def _array(self, name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
        """On disk: eight bytes an item are too many to hold."""
        return np.memmap(Path(self._directory.name) / name, kind, "w+", shape=(self._items,))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._directory.cleanup()


def write_followers(folder: JobFolder, marks: Marks) -> None:
    """Into the job folder, a file per PART_ROWS items."""
    for start in range(0, len(marks.leaders), PART_ROWS):
        leaders = marks.leaders[start : start + PART_ROWS]
        found = np.flatnonzero(leaders >= 0)
        if len(found):
            distances = marks.distances[start : start + PART_ROWS][found].astype(np.int32)
            write_part(
                folder, _DIRECTORY, start // PART_ROWS, pa.table([found + start, leaders[found], distances], SCHEMA)
            )


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
    """Records of each name that several have."""
    records = records[np.lexsort((records["item"], records["name"]))]
    edges = np.flatnonzero(records["name"][1:] != records["name"][:-1]) + 1
    for start, end in zip([0, *edges], [*edges, len(records)], strict=True):
        if end - start > 1:
            yield records[start:end]


def _doubt(alike: Records, near: Near, doubtful: npt.NDArray[Any]) -> None:
    """Those that are near one before them, which is near none itself as far as is known."""
    for place in _near_some(alike, alike, near.bits, least=2):  # itself is one
        first = alike[place]
        if not doubtful[first["item"]]:
            rest = alike[place + 1 :]
            doubtful[rest["item"][_close(first, rest, near)]] = True


def _near_some(records: Records, others: Records, bits: int, *, least: int = 1) -> Iterator[int]:
    """The places of records whose hash differs from those of at least so many others in so many bits at most."""
    hashes, theirs = np.ascontiguousarray(records["hash"]), np.ascontiguousarray(others["hash"])
    rows = max(1, _PAIRS // len(theirs))
    for start in range(0, len(hashes), rows):
        close = np.bitwise_count(hashes[start : start + rows, None] ^ theirs) <= bits
        yield from (np.flatnonzero(close.sum(axis=1) >= least) + start).tolist()


def _close(first: Any, rest: Records, near: Near) -> npt.NDArray[np.bool_]:
    """Which of `rest` are near `first`."""
    close = np.asarray(np.bitwise_count(rest["hash"] ^ first["hash"]) <= near.bits, bool)
    if close.any():  # hardly ever
        for color in _COLORS:
            close &= abs(rest[color] - first[color]) <= SHADE
        if not near.any_size:
            close &= (rest["width"] == first["width"]) & (rest["height"] == first["height"])
    return close
