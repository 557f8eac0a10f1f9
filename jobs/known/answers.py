"""Answers in result parts, one row at a time: a part is read once and kept for a while.

Rule: constant memory; a part that is gone (its job was deleted), or of a
newer format, holds nothing, which is no error.
"""

from dataclasses import dataclass

import pyarrow as pa

from jobs.byte_cache import Store
from jobs.documents import NewerFormat
from jobs.files import Aws, open_home
from jobs.folder.parts import read_part
from jobs.known.index import Place
from jobs.outcomes import Outcome, from_table

_CACHE = 64_000_000  # bytes of parts kept at hand


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    table: pa.Table
    rows: dict[tuple[int, str], int]


class Answers:
    """The stored answers of a home. Thread-safe."""

    def __init__(self, home: str, aws: Aws | None = None, *, cache_bytes: int = _CACHE) -> None:
        self._files, self._base = open_home(home, aws)
        self._parts: Store[_Part] = Store(cache_bytes, lambda part: int(part.table.nbytes), lambda part: True)

    def at(self, place: Place, api: str) -> Outcome | None:
        """The row of a call, None when it is not there (any more)."""
        try:
            with self._parts.get((place.job, place.part), lambda: self._load(place)) as part:
                row = part.rows.get((place.item_id, api))
                return None if row is None else from_table(part.table.slice(row, 1))[0]
        except (FileNotFoundError, NewerFormat):
            return None

    def _load(self, place: Place) -> _Part:
        path = f"{self._base}/{place.job}/results/{place.part}.parquet"
        table = read_part(self._files, path, use_threads=False)
        keys = zip(table.column("item_id").to_pylist(), table.column("api").to_pylist(), strict=True)
        return _Part(table, {key: row for row, key in enumerate(keys)})
