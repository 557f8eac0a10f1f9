"""`--near`: which pictures of an earlier job take the answers of others in this plan, told by their places.

Rule: constant memory; the pictures of some shards are held, and the listing goes by.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds

from jobs.files import ParquetFiles
from jobs.folder import JobFolder
from jobs.known.buckets import ROWS
from jobs.known.count import among


@dataclass(frozen=True, slots=True)
class Following:
    """`listing`: of this plan, with item_id and uri. `follow`: of each of its items, whether it takes an answer."""

    listing: Callable[[], ParquetFiles]
    follow: npt.NDArray[np.bool_]

    def items_of(self, folder: JobFolder, shards: Iterable[int]) -> Set[int]:
        """Of some shards of a job, the items that do."""
        items = {item.uri: item.item_id for shard in shards for item in folder.items(shard)}
        theirs = ds.field("uri").isin(pa.array(items, pa.string()))
        found: set[int] = set()
        for batch in self.listing().batches(["item_id", "uri"], theirs, rows=ROWS):
            follows = among(batch.column("item_id").to_numpy(), self.follow)
            found.update(items[uri] for uri in batch.filter(pa.array(follows)).column("uri").to_pylist())
        return found
