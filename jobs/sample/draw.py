"""Drawing random images of a source that was listed: of each folder its share, without bias, whatever the order.

    counted by folder while listing -> how many of each (`allot.py`) -> those with the lowest keys -> their rows

Rule: an image's key is a hash of the seed and its place. So the same seed draws the same images of the same source, and
a smaller sample is part of a larger one, be it a share or a number. The listing is read three times, a few rows at a
time; what is held in memory is 18 bytes for each image drawn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.item_rows import MANIFEST_SCHEMA
from jobs.redact import shown_uri
from jobs.sample.allot import allot
from jobs.sample.asked import SEED
from jobs.sample.strata import FolderCount, Path

_HIGHEST = 2**64 - 1  # of all keys
_HELD = 10_000  # images beyond those wanted, before those with the highest keys are dropped

Batches = Callable[[], Iterable[pa.RecordBatch]]  # of a manifest, from its beginning


def images_of(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a manifest batch that a draw may take: images that would be sent."""
    return batch.filter(pc.and_(pc.equal(batch.column("kind"), "image"), pc.is_null(batch.column("skip"))))


def keys_of(uris: Iterable[str], seed: int) -> NDArray[np.uint64]:
    """Whole numbers of 64 bits, as likely each. A URL has the same one however it is signed."""
    begun = blake2b(str(seed).encode() + b"\0", digest_size=8)
    found = []
    for uri in uris:
        one = begun.copy()
        one.update(shown_uri(uri).encode())
        found.append(int.from_bytes(one.digest()))
    return np.array(found, np.uint64)


def numbered(rows: pa.RecordBatch, start: int) -> pa.RecordBatch:
    """The rows as items from `start` on."""
    at = MANIFEST_SCHEMA.get_field_index("item_id")
    ids = pa.array(np.arange(start, start + rows.num_rows), pa.int64())
    return rows.set_column(at, MANIFEST_SCHEMA.field(at), ids)


def one_batch(rows: pa.Table) -> pa.RecordBatch:
    """Rows of a manifest put together."""
    return (rows.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], MANIFEST_SCHEMA)])[0]


@dataclass(frozen=True, slots=True)
class Drawn:
    """`items`: their numbers in the listing, from low to high. `by_folder`: how many are right in each."""

    items: NDArray[np.int64]
    by_folder: Mapping[Path, int]

    def rows(self, listing: Batches) -> Iterator[pa.RecordBatch]:
        """Of the listing, in its order."""
        for batch in listing():
            ids = batch.column("item_id").to_numpy()
            if len(ids):
                first, last = np.searchsorted(self.items, (ids[0], ids[-1] + 1))
                yield batch.filter(pa.array(np.isin(ids, self.items[first:last])))


def draw(listing: Batches, folders: FolderCount, number: int, seed: int = SEED) -> Drawn:
    """So many images of a listing, or all. `folders`: all its images, counted."""
    by_folder = allot(folders.images, number, seed)
    codes = {path: code for code, path in enumerate(by_folder)}
    lowest = _Lowest(np.fromiter(by_folder.values(), np.int64, len(by_folder)))
    for batch in listing():
        images = images_of(batch)
        uris = images.column("uri").to_pylist()
        of = np.fromiter((codes[folders.folder_of(uri)] for uri in uris), np.uint16, len(uris))
        lowest.add(of, keys_of(uris, seed), images.column("item_id").to_numpy())
    return Drawn(lowest.items(), by_folder)


class _Lowest:
    """The items with the lowest keys, so many of each folder; of equal keys those that come first."""

    def __init__(self, wanted: NDArray[np.int64]) -> None:
        self._wanted = wanted
        self._highest = np.full(len(wanted), _HIGHEST, np.uint64)  # of each folder, that may still be drawn
        self._folders = [np.empty(0, np.uint16)]
        self._keys = [np.empty(0, np.uint64)]
        self._items = [np.empty(0, np.int64)]
        self._pending = 0

    def add(self, folders: NDArray[np.uint16], keys: NDArray[np.uint64], items: NDArray[np.int64]) -> None:
        low = (keys <= self._highest[folders]) & (self._wanted[folders] > 0)
        self._folders.append(folders[low])
        self._keys.append(keys[low])
        self._items.append(items[low])
        self._pending += int(low.sum())
        if self._pending > self._wanted.sum() + _HELD:
            self._drop()

    def items(self) -> NDArray[np.int64]:
        self._drop()
        return np.sort(self._items[0])

    @property
    def held(self) -> int:
        return sum(map(len, self._items))

    def _drop(self) -> None:
        """All but the lowest."""
        folders, keys, items = (np.concatenate(held) for held in (self._folders, self._keys, self._items))
        order = np.lexsort((keys, folders))  # stable: equal ones stay in the listing's order
        first = np.searchsorted(folders[order], np.arange(len(self._wanted)))
        low = order[np.arange(len(order)) - first[folders[order]] < self._wanted[folders[order]]]
        self._folders, self._keys, self._items = [folders[low]], [keys[low]], [items[low]]
        self._pending = 0
        full = np.flatnonzero(
            (np.bincount(folders[low], minlength=len(self._wanted)) == self._wanted) & (self._wanted > 0)
        )
        last = np.searchsorted(folders[low], full, side="right") - 1
        self._highest[full] = keys[low][last]
