"""A job's tables in DuckDB: for the summary, the charts and `rekscan sql`.

Rule: a query that somebody typed can reach nothing but the tables: they are handed over as Arrow datasets opened here,
and files, network, extensions and settings are shut before it runs. Our own queries read local Parquet directly.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.files import read_columns
from jobs.folder import JobFolder
from jobs.folder.facts import facts
from jobs.outcomes import RESULT_SCHEMA
from reports.tables.load import Tables

MEMORY = "160MB"
OUTCOMES = "outcomes"  # view of the stored outcomes, for the report's own queries
_WHOLE, _SEVERAL = "whole_shards", "other_shards"
# Parts of earlier versions lack most of these.
_UNSEEN = ("response", "marks", "ms", "probed_ms", "video_job", "epoch", "distance", "place")
_SEEN = [name for name in RESULT_SCHEMA.names if name not in _UNSEEN]
_SETTINGS = (
    f"SET memory_limit = '{MEMORY}'",
    "SET threads = 2",
    "SET enable_progress_bar = false",  # it would stand in stdout
    "SET preserve_insertion_order = false",
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
)
_LOCKS = ("SET enable_external_access = false", "SET lock_configuration = true")

_PATTERN = re.compile(r"([*?\[])")  # what DuckDB takes for one in a path

Query = duckdb.DuckDBPyConnection


@contextmanager
def open_tables(tables: Tables, scratch: str) -> Iterator[Query]:
    """For our own queries: a view per table, and `outcomes`. Large sorts spill into `scratch`."""
    with _connection(scratch) as query:
        for name in tables:
            # On S3 a table is fetched once, since every question reads it again.
            _view(query, name, [tables.folder.report_files.nearby(tables.path(name), scratch)])
        _outcomes(query, tables.folder, scratch)
        yield query


@contextmanager
def open_files(files: Mapping[str, str], scratch: str) -> Iterator[Query]:
    """For our own queries: a view per Parquet file of this disk."""
    with _connection(scratch) as query:
        for name, path in files.items():
            _view(query, name, [path])
        yield query


def _outcomes(query: Query, folder: JobFolder, scratch: str) -> None:
    """Every call once, `open` ones among them, without answers. Shards of one part are read where they lie."""
    shards = folder.shard_parts().values()
    whole = [path for parts in shards if parts.whole and len(parts.names) == 1 for path in parts.files]
    several = [
        facts(folder, parts, columns=[*_SEEN, "marks"]).select(_SEEN)
        for parts in shards
        if not (parts.whole and len(parts.names) == 1)
    ]
    query.register(_SEVERAL, pa.concat_tables([RESULT_SCHEMA.empty_table().select(_SEEN), *several]))
    if not whole:
        query.register(_WHOLE, RESULT_SCHEMA.empty_table())
    else:
        _view(query, _WHOLE, whole if folder.files.on_disk else [_fetched(folder, whole, scratch)])
    names = ", ".join(_SEEN)
    query.execute(
        f"CREATE VIEW {OUTCOMES} AS SELECT {names} FROM {_WHOLE} UNION ALL SELECT {names} FROM {_SEVERAL}"  # noqa: S608
    )


@contextmanager
def open_tables_locked(tables: Tables, scratch: str) -> Iterator[Query]:
    """For a query that somebody typed: read-only, with no way to files, the network or settings."""
    with _connection(scratch) as query:
        for name in tables:
            query.register(name, ds.dataset(tables.folder.report_files.nearby(tables.path(name), scratch)))
        for statement in _LOCKS:
            query.execute(statement)
        yield query


@contextmanager
def _connection(scratch: str) -> Iterator[Query]:
    query = duckdb.connect(":memory:")
    try:
        for statement in _SETTINGS:
            query.execute(statement)
        query.execute(f"SET temp_directory = {quoted(scratch)}")
        yield query
    finally:
        query.close()


def _view(query: Query, name: str, paths: Sequence[str]) -> None:
    """Of these files and no others, with the columns they have: a folder's name is no pattern, and says nothing."""
    files = ", ".join(quoted(_PATTERN.sub(r"[\1]", path)) for path in paths)
    query.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}], hive_partitioning = false)")  # noqa: S608


def _fetched(folder: JobFolder, parts: Sequence[str], scratch: str) -> str:
    """The outcomes without their answers, which no query asks for, as one file on this disk."""
    schema = pa.schema([RESULT_SCHEMA.field(name) for name in _SEEN])
    path = f"{scratch}/{OUTCOMES}.parquet"
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(read_columns(folder.files, part, schema.names).cast(schema))
    return path


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
