"""How many calls of a plan need not be paid for, as far as a listing tells: S3 says what an object is, a disk does not.

Rule: constant memory; nothing is read but the listing and the index.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.apis import Choice
from jobs.files import ParquetFiles, open_home
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.known.buckets import ROWS, Buckets, names_of
from jobs.known.keys import call_ids
from jobs.known.segments import SCHEMA, Names, Segments

_ENTRY = ["content", "call"]
COUNTED = ("item_id", "kind", "size", "etag", "skip")

Followers = npt.NDArray[np.bool_] | None


@dataclass(slots=True)
class Saved:
    """`calls` by API whose answer is there already, or will be: of equal objects one is paid for. `copies`: the images
    that have an equal before them."""

    calls: dict[str, int]
    copies: int = 0


def known_calls(
    listing: ParquetFiles,
    segments: Segments,
    choices: Sequence[Choice],
    *,
    account: str,
    fit: bool,
    without: Followers = None,
) -> Saved:
    """What need not be paid for.

    `listing`: rows with the columns item_id, kind, size, etag, skip. `choices`: with the bytes of files they name.
    `without`: of each item up to some number, whether it is left out.
    """
    listed = (_contents(batch) for batch in _batches(listing, without))
    return known_contents(listed, segments, choices, account=account, fit=fit)


def known_contents(
    contents: Iterable[Iterable[str]], segments: Segments, choices: Sequence[Choice], *, account: str, fit: bool
) -> Saved:
    """What need not be paid for of pictures of these contents, which come in batches. `choices`: as above."""
    lasting = [choice for choice in choices if choice.api.reusable]
    calls = {choice.api.name: call_ids(account, choice, fit=fit) for choice in lasting}
    with Buckets() as buckets:
        for some in contents:
            buckets.add(names_of(some))
        for last in (False, False, True):
            try:
                return _count(buckets, segments, calls)
            except FileNotFoundError:  # a segment was merged into another meanwhile
                if last:
                    raise
    return Saved({})


def among(items: npt.NDArray[np.int64], some: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Of each item by its number, whether it is one of `some`, of which there may be fewer than items."""
    found = items < len(some)
    found[found] = some[items[found]]
    return found


def _contents(batch: pa.RecordBatch) -> Iterator[str]:
    etags, sizes = batch.column("etag").to_pylist(), batch.column("size").to_pylist()
    return (f"etag:{etag}:{size}" for etag, size in zip(etags, sizes, strict=True))


def _batches(listing: ParquetFiles, without: Followers) -> Iterator[pa.RecordBatch]:
    """The images whose content the listing tells."""
    image = (ds.field("kind") == "image") & ds.field("skip").is_null()
    told = (ds.field("etag") != "") & (ds.field("size") > 0)
    for batch in listing.batches(list(COUNTED), image & told, rows=ROWS):
        if without is None:
            yield batch
        else:
            yield batch.filter(pa.array(~among(batch.column("item_id").to_numpy(), without)))


def _count(buckets: Buckets, segments: Segments, calls: Mapping[str, Sequence[int]]) -> Saved:
    found = Saved(dict.fromkeys(calls, 0))
    there = segments.all()
    for low, high, records in buckets.each():
        contents = np.unique(records["name"])
        copies = len(records) - len(contents)
        found.copies += copies
        known = [segments.range(segment, low, high, _ENTRY) for segment in there]
        entries = pa.concat_tables([SCHEMA.empty_table().select(_ENTRY), *known])
        names = np.frombuffer(Names.of(entries).data, "S16")
        numbers = entries.column("call").to_numpy()
        for api, wanted in calls.items():
            first = np.isin(contents, names[np.isin(numbers, wanted)]).sum()
            found.calls[api] += int(copies + first)  # of equal objects all but one, or all
    return found


class CountedListing(AbstractContextManager["CountedListing"]):
    """What is kept of a listing by who writes no manifest of it, or not of all: a temporary file. `columns`: those it
    takes."""

    def __init__(self, columns: Sequence[str] = COUNTED) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="rekscan-")
        self._path = Path(self._directory.name) / "listing.parquet"
        self._schema = pa.schema([MANIFEST_SCHEMA.field(name) for name in columns])
        self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Rows of MANIFEST_SCHEMA."""
        self._writer.write_batch(batch.select(self._schema.names))

    def read(self) -> ParquetFiles:
        """All that was added; nothing can be added after."""
        self._writer.close()
        files, path = open_home(str(self._path))
        return ParquetFiles(files, (path,))

    def rows(self) -> Iterator[pa.RecordBatch]:
        """The images among them."""
        return self.read().batches(self._schema.names, ds.field("kind") == "image", rows=ROWS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._directory.cleanup()
