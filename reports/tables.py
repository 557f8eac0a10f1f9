"""The tables of a job: its outcomes, streamed part by part into CSV and Parquet.

Rule: memory stays flat at any size, and a table is derived: it can be deleted and built again, at another threshold,
without a call.

    reports/images.parquet  labels.parquet ...  failures.parquet  costs.parquet   and the same as .csv
            tables.json     which build these are of: formats, threshold, rows, whether the job was complete
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
import pyarrow as pa

from jobs.errors import UsageError
from jobs.folder import JobFolder, ShardParts
from reports.flatten import flatten
from reports.layout import COSTS, IMAGES, Layout
from reports.writers import WRITERS, Pen, TableWriter, build_area, open_writers, publish, unpublish

FORMATS = ("csv", "parquet")
RUN_ITEMS = 1_000  # items flattened at a time: what is in memory
INDEX = "tables.json"

Progress = Callable[[int, int], None]  # items done, items in all


@dataclass(frozen=True, slots=True)
class BuiltTables:
    """What a build wrote. `paths` are where a person finds them; `rows` by table name."""

    job: str
    paths: tuple[str, ...]
    rows: Mapping[str, int]
    formats: tuple[str, ...]
    min_confidence: float | None = None
    partial: str | None = None
    parts: str = ""  # which result parts these tables are of
    files: tuple[str, ...] = field(default=())

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, data: bytes) -> "BuiltTables":
        document = orjson.loads(data)
        lists = {name: tuple(document[name]) for name in ("paths", "formats", "files")}
        return cls(**{**document, **lists})


def build_tables(
    folder: JobFolder,
    *,
    formats: Iterable[str] = FORMATS,
    min_confidence: float | None = None,
    costs: pa.Table | None = None,
    partial: str | None = None,
    progress: Progress | None = None,
) -> BuiltTables:
    """Write the job's tables into its `reports/` from stored answers; no call is made.

    `min_confidence` (0 to 100) leaves out findings below it. `costs` is written as it is. `partial` says why the job is
    not complete: it goes into file names and contents.
    Raises UsageError on a format or threshold that does not exist.
    """
    chosen = tuple(dict.fromkeys(formats))
    _check(chosen, min_confidence)
    spec = folder.spec
    layout = Layout(spec.job, tuple(choice.api.name for choice in spec.apis), min_confidence, partial)
    parts = folder.shard_parts()
    before = built_tables(folder)
    with build_area(folder) as area:
        writers = {name: _writers(area, layout, name, chosen, schema) for name, schema in layout.schemas.items()}
        rows = dict.fromkeys(writers, 0)
        with open_writers(w for several in writers.values() for w in several), Pen() as pen:
            for run in _runs(folder, parts):
                tables = flatten(layout, *run)
                for name, table in tables.items():
                    rows[name] += table.num_rows
                    pen.write(writers[name], table)
                if progress:
                    progress(rows[IMAGES], spec.items)
        if costs is not None:
            writers[COSTS] = _write_costs(area, layout, chosen, costs)
            rows[COSTS] = costs.num_rows
        files = [path for several in writers.values() for writer in several for path in writer.paths]
        paths = publish(folder, files)
    names = tuple(path.name for path in files)
    built = BuiltTables(spec.job, tuple(paths), rows, chosen, min_confidence, partial, fingerprint(parts), names)
    if before is not None:
        kept = _costs_files(before) if costs is None else set()
        unpublish(folder, set(before.files) - set(names) - kept)
        built = _with_costs(built, before, kept)
    folder.write(f"reports/{INDEX}", built.to_json())
    return built


def built_tables(folder: JobFolder) -> BuiltTables | None:
    """What the job's `reports/` holds now, None before the first build."""
    data = folder.read(f"reports/{INDEX}")
    return BuiltTables.from_json(data) if data else None


def fingerprint(parts: Mapping[int, ShardParts]) -> str:
    """Which parts a build was made of. Parts are never modified, so how many there are of each shard says it all."""
    partial = sum(not one.whole for one in parts.values())
    files = sum(len(one.whole) + len(one.partial) + len(one.retries) for one in parts.values())
    return f"{len(parts)} shards, {partial} partial, {files} files"


def _check(formats: tuple[str, ...], min_confidence: float | None) -> None:
    for name in formats:
        if name not in WRITERS:
            raise UsageError(f"there is no table format {name!r}", f"Choose from: {', '.join(WRITERS)}.")
    if min_confidence is not None and not 0 <= min_confidence <= 100:
        raise UsageError(f"a confidence of {min_confidence:g} cannot be", "Confidences are percentages, 0 to 100.")


def _writers(area: Path, layout: Layout, table: str, formats: Iterable[str], schema: pa.Schema) -> list[TableWriter]:
    return [WRITERS[name](area / layout.file_name(table, name), schema) for name in formats]


def _write_costs(area: Path, layout: Layout, formats: Iterable[str], costs: pa.Table) -> list[TableWriter]:
    writers = _writers(area, layout, COSTS, formats, costs.schema)
    with open_writers(writers):
        for writer in writers:
            writer.write(costs)
    return writers


def _costs_files(built: BuiltTables) -> set[str]:
    return {name for name in built.files if name.startswith(f"{COSTS}.")}


def _with_costs(built: BuiltTables, before: BuiltTables, kept: set[str]) -> BuiltTables:
    """A build without costs keeps those of the build before it."""
    if not kept:
        return built
    paths = tuple(path for path in before.paths if path.rpartition("/")[2] in kept)
    rows = {**built.rows, COSTS: before.rows[COSTS]}
    document = asdict(built) | {"paths": built.paths + paths, "rows": rows, "files": built.files + tuple(kept)}
    return BuiltTables(**document)


# --- the stream


def _runs(folder: JobFolder, parts: Mapping[int, ShardParts]) -> Iterator[tuple[pa.Table, pa.Table | None, bool]]:
    """Items, their outcomes and whether all are there: some whole shards at a time, others alone."""
    size = folder.spec.shard_size
    together = max(1, RUN_ITEMS // size)
    pending: list[tuple[pa.Table, pa.Table]] = []
    for shard, items in enumerate(_rechunked(folder.manifest_batches(), size)):
        files = parts.get(shard, ShardParts())
        if files.whole:
            pending.append((items, folder.result(files.files)))
        if pending and (not files.whole or len(pending) == together):
            yield _joined(pending)
            pending = []
        if not files.whole:
            yield items, folder.result(files.files) if files.files else None, False
    if pending:
        yield _joined(pending)


def _joined(pending: list[tuple[pa.Table, pa.Table]]) -> tuple[pa.Table, pa.Table, bool]:
    items, outcomes = zip(*pending, strict=True)
    return pa.concat_tables(items), pa.concat_tables(outcomes), True


def _rechunked(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """The manifest in pieces of `size` items, the last one shorter."""
    rest: pa.Table | None = None
    for batch in batches:
        table = pa.Table.from_batches([batch])
        rest = table if rest is None else pa.concat_tables([rest, table])
        whole = rest.num_rows - rest.num_rows % size
        for start in range(0, whole, size):
            yield rest.slice(start, size)
        rest = rest.slice(whole)
    if rest is not None and rest.num_rows:
        yield rest
