"""Drawing random images from a source that streams by: in constant memory, without bias, whatever the batches.

Rule: an image's key is a hash of the seed and its place, and low keys are drawn. So the same seed draws the same images
of the same source, and a smaller sample is part of a larger one, be it a share or a number.
"""

from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.item_rows import MANIFEST_SCHEMA
from jobs.redact import shown_uri
from jobs.sample.asked import SEED

KEYS = 2**64  # there are
_HELD = 10_000  # rows beyond those wanted, before the highest are dropped


def images_of(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a manifest batch that a draw may take: images that would be sent."""
    return batch.filter(pc.and_(pc.equal(batch.column("kind"), "image"), pc.is_null(batch.column("skip"))))


def keys_of(uris: Iterable[str], seed: int) -> NDArray[np.uint64]:
    """Numbers from 0 to KEYS, as likely each. A URL has the same one however it is signed."""
    begun = blake2b(str(seed).encode() + b"\0", digest_size=8)
    found = []
    for uri in uris:
        one = begun.copy()
        one.update(shown_uri(uri).encode())
        found.append(int.from_bytes(one.digest()))
    return np.array(found, np.uint64)


def drawn_by_share(images: pa.RecordBatch, share: Decimal, seed: int) -> pa.RecordBatch:
    """The images of a batch that are drawn where so large a share (0 to 1) of all is."""
    if share >= 1:
        return images
    keys = keys_of(images.column("uri").to_pylist(), seed)
    return images.filter(pa.array(keys < np.uint64(share * KEYS)))


def numbered(rows: pa.RecordBatch, start: int) -> pa.RecordBatch:
    """The rows as items from `start` on."""
    at = MANIFEST_SCHEMA.get_field_index("item_id")
    ids = pa.array(np.arange(start, start + rows.num_rows), pa.int64())
    return rows.set_column(at, MANIFEST_SCHEMA.field(at), ids)


def one_batch(rows: pa.Table) -> pa.RecordBatch:
    """Rows of a manifest put together."""
    return (rows.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], MANIFEST_SCHEMA)])[0]


class Draw:
    """N random images of a stream of manifest batches: those with the lowest keys, in constant memory."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self._size, self._seed = size, seed
        self._rows = [MANIFEST_SCHEMA.empty_table()]
        self._keys = [np.empty(0, np.uint64)]
        self._pending = 0
        self._highest = KEYS - 1  # that may still be drawn

    def add(self, batch: pa.RecordBatch) -> None:
        images = images_of(batch)
        keys = keys_of(images.column("uri").to_pylist(), self._seed)
        near = np.flatnonzero(keys <= np.uint64(self._highest))
        self._rows.append(pa.Table.from_batches([images.take(pa.array(near))]))
        self._keys.append(keys[near])
        self._pending += len(near)
        if self._pending > self._size + _HELD:
            self._drop()

    def batch(self) -> pa.RecordBatch:
        """The images drawn, in the source's order, numbered from 0."""
        return numbered(one_batch(self.rows()), 0)

    def rows(self) -> pa.Table:
        """The images drawn, in the source's order."""
        self._drop()
        return self._rows[0].sort_by("item_id")

    def _drop(self) -> None:
        """All but the lowest."""
        keys = np.concatenate(self._keys)
        order = np.argsort(keys, kind="stable")[: self._size]
        self._rows = [pa.concat_tables(self._rows).take(pa.array(order))]
        self._keys = [keys[order]]
        self._pending = 0
        if len(order) == self._size:
            self._highest = int(self._keys[0][-1])
