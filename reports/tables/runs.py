"""A job as a stream of runs: consecutive items with the outcomes of their calls, in item order.

Rule: a run is what is in memory at a time, so it is bounded by items and by bytes; it is never less than a shard.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.folder import JobFolder, ShardParts
from jobs.redact import shown_uri

RUN_ITEMS = 1_000
RUN_BYTES = 16 * 1024 * 1024  # of stored answers; a thousand pictures of crowds have far more


@dataclass(frozen=True, slots=True)
class Run:
    """Items (MANIFEST_SCHEMA) and the outcomes of their calls (RESULT_SCHEMA), None where there is none at all.

    `whole`: every call has its outcome.
    """

    items: pa.Table
    outcomes: pa.Table | None
    whole: bool


def runs(folder: JobFolder, parts: Mapping[int, ShardParts]) -> Iterator[Run]:
    """The job in item order: some whole shards at a time, others alone."""
    size = folder.spec.shard_size
    together = max(1, RUN_ITEMS // size)
    pending: list[tuple[pa.Table, pa.Table]] = []
    for shard, items in enumerate(_rechunked(folder.manifest_batches(), size)):
        files = parts.get(shard, ShardParts())
        if files.whole:
            pending.append((items, folder.result(files.files)))
        if pending and (not files.whole or len(pending) == together or _bytes(pending) >= RUN_BYTES):
            yield _joined(pending)
            pending = []
        if not files.whole:
            yield Run(items, folder.result(files.files) if files.files else None, False)
    if pending:
        yield _joined(pending)


def _bytes(pending: list[tuple[pa.Table, pa.Table]]) -> int:
    return sum(outcomes.nbytes for _, outcomes in pending)


def _joined(pending: list[tuple[pa.Table, pa.Table]]) -> Run:
    items, outcomes = zip(*pending, strict=True)
    return Run(pa.concat_tables(items), pa.concat_tables(outcomes), True)


def _without_secrets(items: pa.Table) -> pa.Table:
    """URIs as tables have them: what it takes to fetch an item stays in the manifest."""
    uris = items.column("uri")
    if not pc.any(pc.match_substring_regex(uris, r"^[a-z][a-z0-9+.-]*://.*[@?#]", ignore_case=True)).as_py():
        return items
    shown = pa.chunked_array([pa.array(map(shown_uri, uris.to_pylist()), uris.type)])
    return items.set_column(items.schema.get_field_index("uri"), items.schema.field("uri"), shown)


def _rechunked(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """The manifest in pieces of `size` items, the last one shorter."""
    rest: pa.Table | None = None
    for batch in batches:
        table = pa.Table.from_batches([batch])
        table = _without_secrets(table)
        rest = table if rest is None else pa.concat_tables([rest, table])
        whole = rest.num_rows - rest.num_rows % size
        for start in range(0, whole, size):
            yield rest.slice(start, size)
        rest = rest.slice(whole)
    if rest is not None and rest.num_rows:
        yield rest
