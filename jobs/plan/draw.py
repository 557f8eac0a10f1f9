"""Drawing random images from a source that streams by: for a pilot, in constant memory, without bias.

Rule: each image gets a random key and the lowest keys are kept, so every image is as likely, whatever the batches. The
seed is fixed, so the same source gives the same pilot and what it answered is known afterwards.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.item_rows import MANIFEST_SCHEMA

SEED = 20261123


class Draw:
    """N random images of a stream of manifest batches: those with the lowest random keys, in constant memory."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self._size = size
        self._random = np.random.default_rng(seed)
        self._rows = MANIFEST_SCHEMA.empty_table()
        self._keys = np.empty(0)

    def add(self, batch: pa.RecordBatch) -> None:
        sent = pc.and_(pc.equal(batch.column("kind"), "image"), pc.is_null(batch.column("skip")))
        rows = pa.Table.from_batches([batch]).filter(sent)
        keys = self._random.random(rows.num_rows)
        worst = self._keys[-1] if len(self._keys) >= self._size else 2.0
        near = np.flatnonzero(keys < worst)
        if len(near) == 0:
            return
        both = np.concatenate([self._keys, keys[near]])
        order = np.argsort(both, kind="stable")[: self._size]
        self._rows = pa.concat_tables([self._rows, rows.take(near)]).take(order)
        self._keys = both[order]

    def batch(self) -> pa.RecordBatch:
        """The images drawn, in the source's order, numbered from 0."""
        rows = self._rows.sort_by("item_id").combine_chunks()
        at = MANIFEST_SCHEMA.get_field_index("item_id")
        numbered = rows.set_column(at, MANIFEST_SCHEMA.field(at), pa.array(range(rows.num_rows), pa.int64()))
        return (numbered.to_batches() or [pa.RecordBatch.from_pylist([], MANIFEST_SCHEMA)])[0]
