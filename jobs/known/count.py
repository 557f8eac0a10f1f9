"""How many calls of a plan need not be paid for, as far as a listing tells: S3 says what an object is, a disk does not.

Rule: constant memory; nothing is read but the listing and the index.
"""

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.apis import Choice
from jobs.items import MANIFEST_SCHEMA
from jobs.known.database import scratch
from jobs.known.keys import call_ids
from jobs.known.segments import Segments

_COLUMNS = ("kind", "size", "etag", "skip")


def known_calls(
    listing: ds.Dataset, segments: Segments, choices: Sequence[Choice], *, account: str, fit: bool
) -> dict[str, int]:
    """Calls by API whose answer is there already, or will be: of equal objects one is paid for.

    `listing`: rows with the columns kind, size, etag, skip. `choices`: with the bytes of files they name.
    """
    lasting = [choice for choice in choices if choice.api.reusable]
    calls = [(c.api.name, call) for c in lasting for call in call_ids(account, c, fit=fit)]
    for last in (False, False, True):
        try:
            return _count(listing, segments.dataset(), lasting, calls)
        except FileNotFoundError:  # merged into another meanwhile
            if last:
                raise
    return {}


def _count(
    listing: ds.Dataset, answers: ds.Dataset | None, lasting: Sequence[Choice], calls: Sequence[tuple[str, int]]
) -> dict[str, int]:
    with scratch() as database:
        database.register("listing", listing)
        database.execute("""
            create table contents as
            select unhex(substr(sha256('etag:' || etag || ':' || size), 1, 32)) as content, count(*) as objects
            from listing where kind = 'image' and skip is null and etag <> '' and size > 0 group by etag, size""")
        twins = database.sql("select coalesce(sum(objects - 1), 0)::bigint from contents").fetchall()[0][0]
        found = dict.fromkeys((choice.api.name for choice in lasting), int(twins))
        if answers is not None:
            database.register("answers", answers)
            names = pa.table({"api": [api for api, _ in calls], "call": pa.array([c for _, c in calls], pa.int64())})
            database.register("calls", names)
            rows = database.sql("""
                select api, count(*) from (
                    select distinct api, content from answers join calls using (call) semi join contents using (content)
                ) group by api""").fetchall()
            # The first of equal objects is known too.
            found.update({api: found[api] + first for api, first in rows})
    return found


class Listing(AbstractContextManager["Listing"]):
    """What an estimate, which writes no manifest, keeps of a listing: a temporary file."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="rekscan-")
        self._path = Path(self._directory.name) / "listing.parquet"
        self._schema = pa.schema([MANIFEST_SCHEMA.field(name) for name in _COLUMNS])
        self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Rows of MANIFEST_SCHEMA."""
        self._writer.write_batch(batch.select(list(_COLUMNS)))

    def dataset(self) -> ds.Dataset:
        """All that was added; nothing can be added after."""
        self._writer.close()
        return ds.dataset(str(self._path), format="parquet")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._directory.cleanup()
